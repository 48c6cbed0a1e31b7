"use strict";
// The panel of one cell: what it shows, its evidence, the way out, and the command that repeats it.

site.openPanel = (id) => {
  const panel = document.getElementById("panel"), cell = siteData.cell(id);
  const close = site.el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => panel.close() }, "×");
  if (!cell) panel.replaceChildren(close, site.el("h2", { id: "panel-title" }, "No such cell"), site.el("p", {}, `There is no cell ${id} in these results.`));
  else {
    panel.replaceChildren(close, ...site.panelHead(cell));
    const box = site.el("div", {}, site.el("p", { class: "quiet" }, "Loading the evidence…"));
    panel.append(box);
    Promise.all([siteData.loadCase(cell.each), siteData.load(`environments/${cell.environment.file}`)]).then(
      ([of, environment]) => box.replaceChildren(...site.evidence(cell, of, environment)),
      (error) => box.replaceChildren(site.el("p", { class: "problem" }, error.message)));
  }
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
};

site.panelHead = (cell) => {
  const { kind, each, environment } = cell, cause = kind.cause;
  return [
    site.el("h2", { id: "panel-title", tabindex: "-1", autofocus: true }, site.mark(kind, site.meaning(kind)), ` in ${cell.writer ? `${site.version(environment)}, written in ${site.version(cell.writer)}` : site.version(environment)} `, cause ? site.badge(cause) : null),
    site.el("p", { class: "id" }, site.el("code", {}, cell.id), " ", site.copy(cell.id, "the id of the cell")),
    site.el("p", {}, each.about.title, " ", each.about.issue ? site.outside(each.about.issue, `Report ${site.shortAddress(each.about.issue)}`) : null),
    cause?.note ? site.el("p", { class: "note" }, site.el("b", {}, `${cause.label}: `), cause.note, " ", cause.link ? site.outside(cause.link, site.shortAddress(cause.link)) : null) : null,
    cause?.reason ? site.el("p", {}, site.el("b", {}, "Reason: "), cause.reason) : null,
    kind.ways.length ? site.el("section", {}, site.el("h3", {}, "What passes instead"), site.ways(cell)) : null,
    site.el("p", { class: "links" }, site.el("a", { href: `#/case/${site.encode(each.case)}` }, "All versions of this case"), " ",
      cause?.signature ? site.el("a", { href: `#/failure/${site.encode(cause.key)}` }, "All cells with this failure") : null),
  ].filter(Boolean);
};

site.evidence = (cell, of, environment) => {
  const own = of.evidence(cell.id.slice(cell.each.case.length + 1)), { cause } = own, { text } = of;
  const command = `${siteData.index.command} replay ${site.quoted(cell.id)}`;
  const block = (name, content, wrap) => (content ? site.el("section", {}, site.el("h3", {}, name, " ", site.copy(content, name)), site.el("pre", { class: wrap ? "code wrap" : "code", tabindex: "0" }, content)) : null);
  const statements = of.statements.filter((one) => one.family === cell.environment.family && (!one.held || one.held.endsWith(` ${cell.writer?.environment}`)));
  return [
    block("Error", text(own.error), true),
    statements.length ? site.el("section", {}, site.el("h3", {}, "Since when, until when"), site.el("ul", {}, statements.flatMap((one) => one.statements.map((each) => site.el("li", {}, each)).concat(site.commits(one))))) : null,
    site.el("section", {}, site.el("h3", {}, "Run it again ", site.copy(command, "the command")), site.el("pre", { class: "code", tabindex: "0" }, command)),
    site.embedCell(cell),
    site.definitions([
      ["outcome", [own.outcome, cause.cause].filter(Boolean).join(": ")], ["stage", cause.stage], ["signature", cause.signature],
      ["parameters", Object.entries(of.parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")],
      ["repeats", own.flaky ? `${own.flaky.passes} of ${own.flaky.of} passed` : ""],
      ["attempts", own.attempts.map((each) => `${each.started}: ${each.outcome}${each.stage && each.outcome !== "passed" ? ` at ${each.stage}` : ""} (${[each.isolation, each.sandbox].filter(Boolean).join(", ")})`).join("; ")],
    ]),
    block("Traceback", text(own.traceback)), block("Dump", text(own.dump)), block("Output", text(own.stdout)), block("Error output", text(own.stderr)),
    site.scripts(of, own.line),
    site.el("section", {}, site.el("h2", {}, "Environment ", site.el("a", { href: `#/environment/${site.encode(cell.environment.environment)}` }, cell.environment.environment)),
      site.environmentFacts(environment), site.el("details", {}, site.el("summary", {}, `${Object.keys(environment.packages).length} packages`), site.packages(environment))),
  ].flat().filter(Boolean);
};

// As a POSIX shell reads it.
site.quoted = (text) => `'${text.replace(/'/g, "'\"'\"'")}'`;
