"use strict";
// Parts that several views share: marks, badges, ways out, cards of a cause, lists of cases.

site.mark = (kind, words) => site.el("span", { class: `mark ${kind.style}` },
  site.el("span", { "aria-hidden": "true" }, kind.mark), words === undefined ? "" : ` ${words}`);

site.badge = (cause) => {
  if (cause.label) return site.el("span", { class: "badge" }, cause.label);
  return cause.signature ? site.el("span", { class: "badge open", title: "No maintainer has explained this failure yet" }, "unexplained") : null;
};

site.wayText = (way) => way.text;

// Ways out with the cells that show them; `from` is a cell or null.
site.ways = (cell) => {
  if (!cell.kind.ways.length) return null;
  return site.el("ul", { class: "ways" }, cell.kind.ways.map((way) => {
    const id = site.wayCell(cell, way);
    return site.el("li", {}, way.text, " ", siteData.cell(id) ? site.el("a", { href: site.cellAddress(id) }, "shown by this cell") : null);
  }));
};

// The id of the cell that shows a way out.
site.wayCell = (cell, way) => {
  let name = cell.each.case;
  if (way.parameter) {
    const [parameter, value] = way.parameter;
    const match = siteData.index.cases.concat(siteData.index.squares).find((other) => other.scenario === cell.each.scenario
      && site.valueOf(other, parameter) === value
      && Object.keys(other.parameters).every((key) => key === parameter || other.parameters[key] === cell.each.parameters[key]));
    name = match ? match.case : name;
  }
  const place = way.environment || cell.environment.environment;
  return cell.writer ? `${name}@${cell.writer.environment} -> ${place}` : `${name}@${place}`;
};

site.valueOf = (each, parameter) => {
  const value = each.parameters[parameter];
  return typeof value === "string" && !each.case.includes(JSON.stringify(value)) ? value : JSON.stringify(value);
};

// What a cause is, in words, with its note and link. `heading` is the level.
site.causeHead = (cause, heading = "h3") => {
  const state = siteData.index.states[cause.outcome] || siteData.index.states.failed;
  const words = cause.meaning ? cause.meaning : cause.reason || cause.outcome;
  return [
    site.el(heading, {}, site.mark({ style: state.style, mark: state.mark }), " ",
      cause.signature ? site.el("a", { href: `#/failure/${site.encode(cause.key)}` }, words) : words, " ", site.badge(cause)),
    cause.error ? site.el("pre", { class: "error" }, site.firstLine(cause.error, 300)) : null,
    cause.note ? site.el("p", { class: "note" }, site.el("b", {}, "Why, and the workaround: "), cause.note, " ",
      cause.link ? site.outside(cause.link, site.shortAddress(cause.link)) : null) : null,
  ];
};

site.shortAddress = (address) => {
  const match = /github\.com\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/(\d+)/.exec(address);
  if (match) return `${match[1]}#${match[2]}`;
  const commit = /github\.com\/([\w.-]+\/[\w.-]+)\/commit\/([0-9a-f]{8})/.exec(address);
  return commit ? `${commit[1]}@${commit[2]}` : address.replace(/^https?:\/\/(www\.)?/, "").replace(/^(.{48}).+/, "$1…");
};

// The ways out that most of these cells have, with how many.
site.commonWays = (cells) => {
  const counts = new Map();
  for (const cell of cells) for (const way of cell.kind.ways) {
    const found = counts.get(way.text) || { way, cells: [] };
    found.cells.push(cell);
    counts.set(way.text, found);
  }
  const sorted = [...counts.values()].sort((a, b) => b.cells.length - a.cells.length).slice(0, 5);
  if (!sorted.length) return null;
  return site.el("div", {}, site.el("p", { class: "quiet" }, "What passes instead:"), site.el("ul", { class: "ways" }, sorted.map(({ way, cells: having }) => {
    const id = site.wayCell(having[0], way);
    const all = having.length === cells.length;
    const number = cells.length === 1 ? "" : all ? ` (all ${cells.length})` : ` (${having.length} of ${cells.length})`;
    return site.el("li", {}, siteData.cell(id) ? site.el("a", { href: site.cellAddress(id) }, way.text) : way.text, number);
  })));
};

// A list that shows its first members, and the rest on request and on paper.
site.list = (items, most = 4) => {
  const list = site.el("ul", { class: "cases" }, items);
  if (items.length > most) {
    list.classList.add("short");
    items.slice(most).forEach((item) => item.classList.add("rest"));
    const button = site.el("button", { type: "button", class: "more", onclick: () => {
      list.classList.remove("short");
      button.parentElement.remove();
      (items[most].querySelector("a") || list).focus();
    } }, `Show ${items.length - most} more`);
    list.append(site.el("li", {}, button));
  }
  return list;
};

site.caseLink = (each, environment) => site.el("a", { class: "case", href: environment
  ? site.cellAddress(site.caseId(each, environment)) : `#/case/${site.encode(each.case)}` }, each.case);
