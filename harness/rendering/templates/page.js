"use strict";
// Adds filters, search and a side panel. The page is complete without it. Creates DOM nodes, never markup.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };

  const tables = all("table.grid").map((table) => ({
    table,
    columns: all("thead .ids th[data-env]", table).map((th) => ({ th, env: th.dataset.env })),
    rows: all("tr.case", table).map((row) => ({ row, cells: [...row.cells].slice(1) })),
    shown: "",
  }));
  const environments = new Map(all(".environments tbody tr").map((row) => [row.cells[0].textContent, row]));
  const familyOf = (env) => environments.get(env).cells[1].textContent;
  const used = [...environments.keys()].filter((env) => tables.some((each) => each.columns.some((c) => c.env === env)));
  const hidden = new Set();
  const find = byId("find"), differ = byId("differ"), open = byId("open"), from = byId("from"), to = byId("to");

  // Columns ------------------------------------------------------------------------------------------------------
  const boxes = new Map();
  const families = new Map();
  for (const env of used) families.set(familyOf(env), [...(families.get(familyOf(env)) || []), env]);
  const familyBoxes = new Map();
  for (const [family, members] of families) {
    const familyBox = make("input", { type: "checkbox", checked: true });
    familyBoxes.set(family, familyBox);
    familyBox.addEventListener("change", () => choose(members, familyBox.checked));
    const set = make("fieldset", {}, make("legend", {}, make("label", {}, familyBox, ` ${family} (${members.length})`)));
    for (const env of members) {
      const box = make("input", { type: "checkbox", checked: true });
      boxes.set(env, box);
      box.addEventListener("change", () => choose([env], box.checked));
      set.append(make("label", {}, box, ` ${env}`));
      for (const select of [from, to]) select.append(make("option", { value: env }, env));
    }
    byId("columns").lastElementChild.append(set);
  }
  function choose(envs, on) {
    for (const env of envs) on ? hidden.delete(env) : hidden.add(env);
    from.value = to.value = "";
    apply();
  }
  function compare() {
    const pair = [from.value, to.value].filter(Boolean);
    hidden.clear();
    if (pair.length === 2) for (const env of used) if (!pair.includes(env)) hidden.add(env);
    differ.checked = pair.length === 2;
    apply();
  }

  // Rows ---------------------------------------------------------------------------------------------------------
  // The result of a cell; empty if it is unknown, which is not a difference.
  const verdict = (cell) => (/^[pfctmk]/.test(cell.className) ? cell.className + (cell.firstElementChild?.hash || "") : "");
  const isVisible = (cell) => !cell.hidden;
  const differs = (cells) => new Set(cells.filter(isVisible).map(verdict).filter(Boolean)).size > 1;
  const isOpen = (cells) => cells.some((cell) => isVisible(cell) && cell.classList.contains("x"));
  const texts = new WeakMap();
  function textOf(line) {
    if (!texts.has(line)) {
      const group = line.row.closest("tbody.scenario, .square-group");
      const about = group?.querySelector("b, .about b")?.parentElement;
      const hashes = new Set(line.cells.map((cell) => cell.firstElementChild?.hash).filter(Boolean));
      const causes = [...hashes].map((hash) => byId(hash.slice(1))?.textContent || "");
      const title = about ? about.querySelector("b").textContent + " " + about.querySelector(".title").textContent : "";
      texts.set(line, [line.row.dataset.case, title, ...causes].join(" ").toLowerCase());
    }
    return texts.get(line);
  }

  function showColumns(each) {
    const key = each.columns.map((column) => (hidden.has(column.env) ? "0" : "1")).join("");
    if (key === each.shown) return;
    each.shown = key;
    each.columns.forEach((column, place) => {
      const off = key[place] === "0";
      column.th.hidden = off;
      for (const line of each.rows) line.cells[place].hidden = off;
    });
    for (const th of all("[data-family]", each.table)) {
      const count = each.columns.filter((c) => familyOf(c.env) === th.dataset.family && !hidden.has(c.env)).length;
      th.hidden = count === 0;
      th.colSpan = count || 1;
    }
  }
  function showRows(each) {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const square = each.table.classList.contains("square");
    const everything = square ? each.rows.filter((l) => !hidden.has(l.row.dataset.writer)).flatMap((l) => l.cells) : [];
    let count = 0;
    for (const line of each.rows) {
      const cells = square ? everything : line.cells;
      line.row.hidden = hidden.has(line.row.dataset.writer)
        || (differ.checked && !differs(cells))
        || (open.checked && !isOpen(cells))
        || !words.every((word) => textOf(line).includes(word));
      count += !line.row.hidden;
    }
    if (square) each.table.closest("details").hidden = count === 0;
    return count;
  }
  function showHeadings() {
    let subject = null;
    for (const body of all("table.grid > tbody.subject, table.grid > tbody.scenario")) {
      const isSubject = body.classList.contains("subject");
      body.hidden = isSubject || all("tr.case", body).every((row) => row.hidden);
      if (isSubject) subject = body;
      else if (!body.hidden && subject) subject.hidden = false;
    }
    for (const group of all(".square-group")) group.hidden = all("details.square", group).every((each) => each.hidden);
    if (byId("squares")) byId("squares").hidden = all(".square-group").every((group) => group.hidden);
  }
  function apply() {
    for (const [env, box] of boxes) box.checked = !hidden.has(env);
    for (const [family, box] of familyBoxes) {
      const on = families.get(family).filter((env) => !hidden.has(env)).length;
      box.checked = on > 0;
      box.indeterminate = on > 0 && on < families.get(family).length;
    }
    tables.forEach(showColumns);
    const shown = tables.reduce((sum, each) => sum + showRows(each), 0);
    const total = tables.reduce((sum, each) => sum + each.rows.length, 0);
    showHeadings();
    byId("shown").value = `${shown} of ${total} rows, ${used.length - hidden.size} of ${used.length} columns`;
  }

  // The panel ----------------------------------------------------------------------------------------------------
  const panel = byId("panel");
  let chosen = null;
  function idOf(cell) {
    const row = cell.parentElement, each = tables.find((t) => t.table.contains(cell));
    const env = each.columns[cell.cellIndex - 1].env;
    const where = row.dataset.writer === undefined ? env : `${row.dataset.writer} -> ${env}`;
    return { id: `${row.dataset.case}@${where}`, env, writer: row.dataset.writer };
  }
  function describe(env, heading) {
    const row = environments.get(env), list = make("dl");
    const heads = [...row.closest("table").tHead.rows[0].cells].map((th) => th.textContent);
    heads.forEach((head, place) => {
      const text = row.cells[place].textContent.trim();
      if (text) list.append(make("dt", {}, head), make("dd", {}, text));
    });
    return [make("h4", {}, heading), list];
  }
  function show(cell) {
    chosen?.classList.remove("chosen");
    chosen = cell;
    cell.classList.add("chosen");
    const { id, env, writer } = idOf(cell);
    const cause = cell.firstElementChild && byId(cell.firstElementChild.hash.slice(1))?.cloneNode(true);
    cause?.removeAttribute("id");
    // The cause contains the outcome. The ratio of repeats is only in the cell.
    const plain = !cause || cell.classList.contains("k");
    const state = make("h3", {}, make("span", { className: cell.className.replace("chosen", "") }, cell.textContent));
    const line = `${document.body.dataset.command} replay '${id.replaceAll("'", "'\\''")}'`;
    const copy = make("button", { type: "button" }, "Copy");
    copy.addEventListener("click", () => navigator.clipboard?.writeText(line).then(() => { copy.textContent = "Copied"; }));
    const close = make("button", { type: "button", className: "close", ariaLabel: "Close" }, "✕");
    close.addEventListener("click", hide);
    panel.replaceChildren(
      close, make("h2", { id: "panel-title" }, make("code", {}, id)), ...(plain ? [state] : []), ...(cause ? [cause] : []),
      ...(cell.dataset.s ? [make("p", { className: "quiet" }, `took ${cell.dataset.s} s`)] : []),
      make("h4", {}, "Run it again"), make("pre", {}, line), copy,
      ...(writer === undefined ? [] : describe(writer, "Written in")),
      ...describe(env, writer === undefined ? "Environment" : "Read in"),
    );
    if (!panel.open) panel.show();
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true }); // so that the arrow keys continue from here
    history.replaceState(null, "", `#cell=${encodeURIComponent(id)}`);
  }
  function hide() {
    panel.close();
    chosen?.classList.remove("chosen");
    chosen?.focus();
    history.replaceState(null, "", location.pathname + location.search);
  }
  function showFromAddress() {
    if (!location.hash.startsWith("#cell=")) return;
    const wanted = decodeURIComponent(location.hash.slice(6));
    for (const each of tables) for (const line of each.rows) {
      if (!wanted.startsWith(line.row.dataset.case)) continue;
      const cell = line.cells.find((candidate) => !candidate.classList.contains("o") && idOf(candidate).id === wanted);
      if (cell) { cell.scrollIntoView({ block: "center", inline: "center" }); show(cell); return; }
    }
  }

  // Keyboard: one cell of a table is in the tab order, arrow keys move within it ---------------------------------------------
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  for (const each of tables) {
    for (const anchor of all("tbody td a", each.table)) anchor.tabIndex = -1;
    const first = each.rows[0]?.cells[0];
    if (first) first.tabIndex = 0;
    each.table.addEventListener("click", (event) => {
      const cell = event.target.closest("tr.case > td");
      if (!cell || cell.classList.contains("o") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      focus(each, cell);
      show(cell);
    });
    each.table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("tr.case > td");
      if (!cell) return;
      if (event.key === "Enter" && !cell.classList.contains("o")) { event.preventDefault(); show(cell); }
      if (!steps[event.key]) return;
      event.preventDefault();
      const lines = each.rows.filter((line) => !line.row.hidden);
      const [down, right] = steps[event.key];
      const at = lines.findIndex((line) => line.row === cell.parentElement);
      let place = cell.cellIndex - 1 + right;
      while (lines[at].cells[place]?.hidden) place += right;
      const next = lines[at + down]?.cells[place];
      if (!next) return;
      focus(each, next);
      if (panel.open && !next.classList.contains("o")) show(next);
    });
  }
  function focus(each, cell) {
    for (const old of all('td[tabindex="0"]', each.table)) old.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus({ preventScroll: false });
  }

  document.documentElement.classList.add("js");
  const controls = byId("controls");
  controls.hidden = used.length === 0;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", () => { hidden.clear(); setTimeout(apply); });
  find.addEventListener("input", apply);
  for (const box of [differ, open]) box.addEventListener("change", apply);
  for (const select of [from, to]) select.addEventListener("change", compare);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && panel.open) hide(); });
  addEventListener("hashchange", showFromAddress);
  apply();
  showFromAddress();
})();
