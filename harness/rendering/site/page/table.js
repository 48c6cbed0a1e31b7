"use strict";
// The detailed table with filters; each selection has an address.

site.filters = (query) => {
  const value = (name) => query.get(name) || "";
  return {
    find: value("find"), scenario: value("scenario"), family: value("family").split(",").filter(Boolean),
    columns: value("columns").split(",").filter(Boolean), outcome: value("outcome"), stage: value("stage"),
    label: value("label"), failure: value("failure"), differ: query.has("differ"), detail: query.has("detail"),
  };
};

site.tableAddress = (filters) => {
  const parts = Object.entries(filters).filter(([, value]) => (Array.isArray(value) ? value.length : value))
    .map(([name, value]) => `${name}=${value === true ? 1 : site.encode(Array.isArray(value) ? value.join(",") : value)}`);
  return `#/table${parts.length ? `?${parts.join("&")}` : ""}`;
};

// The rows and columns of a selection. Pure.
site.selected = (filters) => {
  const index = siteData.index;
  const columns = index.environments.filter((each) => (!filters.family.length || filters.family.includes(each.family))
    && (!filters.columns.length || filters.columns.includes(each.environment)));
  const words = filters.find.toLowerCase().split(/\s+/).filter(Boolean);
  const shows = (kind) => (!filters.outcome || kind.state === filters.outcome) && (!filters.stage || kind.cause?.stage === filters.stage)
    && (!filters.label || (filters.label === "unexplained" ? kind.cause?.signature && !kind.cause.label : kind.cause?.label === filters.label))
    && (!filters.failure || kind.cause?.key === filters.failure);
  const wanted = filters.outcome || filters.stage || filters.label || filters.failure;
  const rows = index.cases.filter((each) => {
    if (filters.scenario && each.about.scenario !== filters.scenario) return false;
    const kinds = columns.map((environment) => siteData.kind(each, environment));
    if (wanted && !kinds.some(shows)) return false;
    if (filters.differ && new Set(kinds.filter((kind) => kind.judged).map((kind) => kind.cause?.key || kind.state)).size < 2) return false;
    if (!words.length) return true;
    const text = [each.case, each.about.title, each.about.subject, ...new Set(kinds.flatMap((kind) => kind.cause ? [kind.cause.error, kind.cause.note, kind.cause.meaning] : []))].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return { columns, rows, shows: wanted ? shows : () => true };
};

site.tableView = (query) => {
  const index = siteData.index, filters = site.filters(query);
  const body = site.el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Table of results" });
  const shown = site.el("p", { class: "quiet", role: "status" });
  const update = () => {
    const selection = site.selected(filters);
    shown.textContent = `${site.count(selection.rows.length, "row")} of ${index.cases.length}, ${site.count(selection.columns.length, "column")} of ${index.environments.length}.`;
    body.replaceChildren(selection.rows.length && selection.columns.length ? site.table(selection, filters) : site.el("p", {}, "No row matches. ", site.el("a", { href: "#/table" }, "Show all rows")));
    history.replaceState(null, "", site.tableAddress(filters));
  };
  const set = (name, value) => { filters[name] = value; update(); };
  const choice = (name, title, values) => site.el("label", {}, `${title} `, site.el("select", { name, onchange: (event) => set(name, event.target.value) },
    site.el("option", { value: "" }, "any"), [...new Set(values)].filter(Boolean).sort().map((value) => site.el("option", { value, selected: value === filters[name] }, value))));
  const tick = (name, title) => site.el("label", {}, site.el("input", { type: "checkbox", name, checked: filters[name], onchange: (event) => set(name, event.target.checked) }), ` ${title}`);
  let timer = 0;
  const form = site.el("form", { class: "filters", role: "search", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
    site.el("label", { class: "wide" }, "Search ", site.el("input", { type: "search", name: "find", value: filters.find, placeholder: "case, error, note", oninput: (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => set("find", event.target.value), 120);
    } })),
    choice("scenario", "Scenario", index.cases.map((each) => each.about.scenario)),
    choice("outcome", "Outcome", index.kinds.map((kind) => kind.state)),
    choice("stage", "Stage", index.causes.map((cause) => cause.stage)),
    choice("label", "Label", index.causes.map((cause) => cause.label || (cause.signature ? "unexplained" : null))),
    site.el("fieldset", {}, site.el("legend", {}, "Families"), index.families.map((family) => site.el("label", { title: family.title },
      site.el("input", { type: "checkbox", name: "family", value: family.family, checked: !filters.family.length || filters.family.includes(family.family), onchange: () => {
        const on = [...form.querySelectorAll("[name=family]")].filter((each) => each.checked).map((each) => each.value);
        set("family", on.length === index.families.length ? [] : on.length ? on : ["-"]);
      } }), ` ${family.family}`))),
    tick("differ", "only rows that differ"), tick("detail", "with stages"),
    filters.columns.length ? site.el("a", { href: site.tableAddress({ ...filters, columns: [] }) }, "Show all versions") : null,
    filters.failure ? site.el("a", { href: site.tableAddress({ ...filters, failure: "" }) }, "Show all failures") : null,
    site.el("a", { href: "#/table" }, "Reset"));
  update();
  return [site.el("h1", {}, "Results in detail"), form, site.legend(), shown, body];
};

site.table = ({ columns, rows, shows }, { detail }) => {
  const index = siteData.index;
  const bands = index.families.map((family) => [family, columns.filter((each) => each.family === family.family).length]).filter(([, number]) => number);
  const table = site.el("table", { class: `grid ${detail ? "" : "compact"}`, role: "grid", "aria-label": "Cases by environment" });
  table.append(site.el("thead", {},
    site.el("tr", { class: "bands" }, site.el("td", {}), bands.map(([family, number]) => site.el("th", { scope: "colgroup", colspan: String(number), title: family.title },
      site.el("span", {}, family.plain ? family.name : `${family.family}`)))),
    site.el("tr", {}, site.el("th", { scope: "col", class: "corner" }, "case"), columns.map((each) => site.el("th", { scope: "col", class: "upright" },
      site.el("a", { href: `#/environment/${site.encode(each.environment)}`, title: each.environment }, site.el("span", {}, each.version || each.environment)))))));
  let subject = null, body = null;
  for (const each of rows) {
    if (each.about !== subject) {
      subject = each.about;
      body = site.el("tbody", {}, site.el("tr", { class: "scenario" }, site.el("th", { scope: "rowgroup", colspan: String(columns.length + 1) },
        site.el("div", {}, site.el("b", {}, subject.scenario), " ", subject.title))));
      table.append(body);
    }
    const row = document.createElement("tr");
    row.append(site.el("th", { scope: "row" }, site.el("a", { href: `#/case/${site.encode(each.case)}` }, site.parameters(each))));
    for (const environment of columns) row.append(site.tableCell(each, environment, siteData.kind(each, environment), detail, shows));
    body.append(row);
  }
  site.moveByKeys(table);
  return table;
};

site.tableCell = (each, environment, kind, detail, shows) => {
  const cell = document.createElement("td");
  cell.className = kind.style + (shows(kind) ? "" : " faded");
  const stage = kind.fails ? kind.cause?.stage : "";
  cell.textContent = !detail || !stage ? kind.mark : `${kind.mark} ${stage}`;
  if (kind.state === "not asked for") return cell;
  cell.dataset.cell = site.caseId(each, environment);
  return cell;
};

// Arrow keys move between cells, Enter opens one; one cell of the table can be reached with Tab.
site.moveByKeys = (table) => {
  const first = table.querySelector("td[data-cell]");
  if (first) first.tabIndex = 0;
  // Words are set when they are needed: there are thousands of cells.
  const describe = (event) => {
    const cell = event.target.closest?.("td[data-cell]");
    if (!cell || cell.title) return;
    const { kind, environment } = siteData.cell(cell.dataset.cell);
    cell.title = `${site.version(environment)}: ${site.meaning(kind)}`;
    cell.setAttribute("aria-label", cell.title);
  };
  table.addEventListener("pointerover", describe);
  table.addEventListener("focusin", describe);
  const open = (cell) => { if (cell?.dataset.cell) location.hash = site.cellAddress(cell.dataset.cell); };
  table.addEventListener("click", (event) => open(event.target.closest("td[data-cell]")));
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[data-cell]");
    if (!cell) return;
    if (event.key === "Enter") open(cell);
    const place = cell.cellIndex, rows = [...table.querySelectorAll("tbody tr:not(.scenario)")], row = rows.indexOf(cell.parentElement);
    const next = { ArrowLeft: cell.parentElement.cells[place - 1], ArrowRight: cell.parentElement.cells[place + 1],
      ArrowUp: rows[row - 1]?.cells[place], ArrowDown: rows[row + 1]?.cells[place], Home: cell.parentElement.cells[1],
      End: cell.parentElement.cells[cell.parentElement.cells.length - 1] }[event.key];
    if (!next?.dataset.cell) return;
    event.preventDefault();
    cell.removeAttribute("tabindex");
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
};
