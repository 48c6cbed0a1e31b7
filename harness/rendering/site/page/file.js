"use strict";
// Which version reads a file: the published table of saved models, written in one version and read in others.

site.grades = {
  full: { style: "pass", mark: "✓", words: "restores everything" },
  partial: { style: "flaky", mark: "◐", words: "restores a part" },
  silent: { style: "crash", mark: "≠", words: "opens, and weights or predictions differ" },
  refused: { style: "fail", mark: "✗", words: "does not open" },
  "not tested": { style: "none", mark: "·", words: "not tested" },
};

site.fileAddress = (...parts) => `#/file/${parts.map(site.encode).join("/")}`;
site.readerName = (id) => {
  const environment = siteData.index.environmentNamed.get(id);
  return environment ? site.version(environment) : id;
};

site.formatName = (id) => siteData.index.transfer.formats.find((each) => each.format === id).title || id;

site.optionsOf = (values, chosen, name = (each) => each) => values.map((value) => site.el("option", { value, selected: value === chosen }, name(value)));

// The writer that is offered first: the version before the largest change, which many have files of.
site.usualWriter = () => {
  const { writers } = siteData.index.transfer, offered = siteData.index.cases.length ? site.offered()[0].environment : "";
  return writers.includes(offered) ? offered : writers[0];
};

site.fileForm = (format, writer) => {
  const { formats, writers } = siteData.index.transfer;
  const select = (id, values, chosen, name) => site.el("select", { id }, site.optionsOf(values, chosen, name));
  const what = select("format", formats.map((each) => each.format), format, site.formatName);
  const where = select("writer", writers, writer || site.usualWriter(), site.readerName);
  const go = () => { location.hash = site.fileAddress(what.value, where.value); };
  if (format) [what, where].forEach((each) => each.addEventListener("change", go));
  return site.el("form", { class: "card task", onsubmit: (event) => { event.preventDefault(); go(); } },
    site.el("h2", {}, "Have a saved model?"),
    site.el("div", { class: "pair" }, site.el("label", { for: "format" }, "Format"), what, site.el("label", { for: "writer" }, "Saved in"), where),
    format ? null : site.el("button", { type: "submit", class: "main" }, "Show who reads it"));
};

// The grade of each model in each reader, for a format and a writer, read in the plain way. Pure.
site.readings = (transfer, format, writer, option = "plain") => transfer.squares
  .filter((square) => square.format === format && square.option === option)
  .map((square) => {
    const line = square.lines.find((each) => each.writer === writer);
    return { model: square.model, line, of: transfer.readers.map((reader, place) => {
      const number = line?.readings[place];
      return number === null || number === undefined ? null : transfer.readings[number];
    }) };
  });

site.countGrades = (readings) => {
  const counts = {};
  for (const reading of readings) if (reading && reading.grade !== "not tested") counts[reading.grade] = (counts[reading.grade] || 0) + 1;
  return counts;
};

site.worst = (counts) => ["silent", "refused", "partial", "full"].find((grade) => counts[grade]) || "not tested";

site.gradeMark = (grade, words) => site.mark(site.grades[grade], words);

site.fileView = (rest) => {
  if (!siteData.index.transfer) return site.missing("These results have no table of saved models.", "#/", "Go to the start");
  const { formats, writers } = siteData.index.transfer;
  const [format = formats[0].format, writer = site.usualWriter(), model, reader] = rest;
  if (!formats.some((each) => each.format === format) || !writers.includes(writer)) {
    return site.missing(`There is no file of the format ${format} saved in ${writer}.`, "#/file", "Choose another");
  }
  const box = site.el("div", {}, site.el("p", { class: "quiet" }, "Loading…"));
  siteData.load("transfer").then((transfer) => box.replaceChildren(...[model && reader ? site.fileReading(transfer, { format, writer, model, reader }) : null,
    site.fileReaders(transfer, format, writer), site.fileModels(transfer, format, writer), site.fileSquare(transfer, format)].flat().filter(Boolean)),
  (error) => box.replaceChildren(site.el("p", { class: "problem" }, error.message)));
  return [site.el("h1", {}, `${site.formatName(format)}, saved in ${site.readerName(writer)}`), site.fileForm(format, writer), box];
};

// Readers, those first that restore most of what they were given: one that was given few models says so.
site.fileReaders = (transfer, format, writer) => {
  const rows = site.readings(transfer, format, writer);
  const readers = transfer.readers.map((reader, place) => ({ reader, place, counts: site.countGrades(rows.map((row) => row.of[place])) }));
  const tested = readers.filter(({ counts }) => Object.keys(counts).length);
  if (!tested.length) return site.el("p", {}, "This version writes no file of this format, or no reader was tried.");
  const all = (counts) => Object.values(counts).reduce((sum, number) => sum + number, 0);
  const share = ({ counts }) => (counts.full || 0) / all(counts);
  const best = [...tested].sort((a, b) => share(b) - share(a) || (b.counts.full || 0) - (a.counts.full || 0) || b.place - a.place);
  return site.el("section", {}, site.el("h2", {}, "Who reads it"), site.list(best.map(({ reader, counts }) => site.el("li", {},
    site.el("b", { class: "when" }, site.readerName(reader)), " ", Object.keys(site.grades).filter((grade) => counts[grade])
      .map((grade) => [site.gradeMark(grade, `${counts[grade]} ${grade === "silent" ? "wrong" : grade}`), " "]),
    site.el("span", { class: "quiet" }, `of ${site.count(all(counts), "model")} that ${all(counts) === 1 ? "was" : "were"} tried`))), 8));
};

site.gradeTable = (caption, heads, rows, cell) => site.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
  site.el("table", { class: "grid compact" }, site.el("caption", { class: "unseen" }, caption),
    site.el("thead", {}, site.el("tr", {}, site.el("th", { scope: "col", class: "corner" }, ""), heads.map((head) =>
      site.el("th", { scope: "col", class: "upright" }, site.el("span", {}, site.readerName(head)))))),
    site.el("tbody", {}, rows.map((row) => site.el("tr", {}, site.el("th", { scope: "row" }, row.name), heads.map((head, place) => cell(row, head, place)))))));

site.gradeCell = (grade, address, words, shown) => site.el("td", { class: site.grades[grade].style }, grade === "not tested" ? ""
  : site.el("a", { href: address, title: words, "aria-label": words }, shown || site.grades[grade].mark));

site.fileModels = (transfer, format, writer) => site.el("section", {}, site.el("h2", {}, "Each model"),
  site.el("p", { class: "quiet" }, "A row is a model, a column the version that reads it."), site.gradeLegend(),
  site.gradeTable("Models by reader", transfer.readers, site.readings(transfer, format, writer).map((row) => ({ ...row, name: row.model })), (row, reader, place) => {
    const grade = row.of[place]?.grade || "not tested";
    return site.gradeCell(grade, site.fileAddress(format, writer, row.model, reader), `${row.model} in ${site.readerName(reader)}: ${site.grades[grade].words}`);
  }));

site.gradeLegend = () => site.el("ul", { class: "legend", "aria-label": "Marks" }, Object.entries(site.grades).map(([grade, { words }]) => site.el("li", {}, site.gradeMark(grade, words))));

// All writers and readers of a format; a cell has the worst grade, and how many models are restored in full.
site.fileSquare = (transfer, format) => site.el("section", {}, site.el("h2", {}, "All writers and readers of this format"),
  site.el("p", { class: "quiet" }, "A row wrote the files, a column read them. The mark is the worst result of all models."),
  site.gradeTable("Writers by reader", transfer.readers, transfer.writers.map((writer) => ({ name: site.readerName(writer), writer, of: site.readings(transfer, format, writer) })), (row, reader, place) => {
    const counts = site.countGrades(row.of.map((each) => each.of[place])), grade = site.worst(counts);
    const total = Object.values(counts).reduce((sum, number) => sum + number, 0);
    return site.gradeCell(grade, site.fileAddress(format, row.writer), `${row.name} to ${site.readerName(reader)}: ${counts.full || 0} of ${total} models restore everything`);
  }));

// One reading: what differs, why, and options of the reader that do better.
site.fileReading = (transfer, { format, writer, model, reader }) => {
  const place = transfer.readers.indexOf(reader);
  const found = site.readings(transfer, format, writer).find((row) => row.model === model)?.of[place];
  if (!found) return site.el("article", { class: "card" }, site.el("p", {}, `${model} was not read in ${site.readerName(reader)}.`));
  const cell = `${transfer.scenario}[model=${model},format=${format},option=plain]@${writer} -> ${reader}`;
  const order = ["full", "partial", "silent", "refused"];
  const better = transfer.options.filter((option) => option !== "plain").map((option) => ({ option,
    grade: site.readings(transfer, format, writer, option).find((row) => row.model === model)?.of[place]?.grade }))
    .filter(({ grade }) => grade && order.indexOf(grade) >= 0 && order.indexOf(grade) < order.indexOf(found.grade));
  const command = `${siteData.index.command} replay ${site.quoted(cell)}`;
  return site.el("article", { class: "card" },
    site.el("h2", {}, site.gradeMark(found.grade, site.grades[found.grade].words), ` ${model} in ${site.readerName(reader)} `, found.label ? site.el("span", { class: "badge" }, found.label) : null),
    found.error ? site.el("pre", { class: "error" }, found.error) : null,
    found.differs.length ? site.el("p", {}, site.el("b", {}, "Differs: "), found.differs.join(", ")) : null,
    found.note ? site.el("p", { class: "note" }, site.el("b", {}, "Why, and the workaround: "), found.note, " ", found.link ? site.outside(found.link, site.shortAddress(found.link)) : null) : null,
    found.reason ? site.el("p", {}, found.reason) : null,
    better.length ? site.el("ul", { class: "ways" }, better.map(({ option, grade }) => site.el("li", {}, `load with ${option}: `, site.gradeMark(grade, grade)))) : null,
    site.el("p", {}, site.el("code", {}, command), " ", site.copy(command, "the command")));
};
