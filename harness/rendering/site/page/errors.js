"use strict";
// Finds the failures that an error message resembles. `ranked` is pure: words that few failures share count most.
// Two of them must be there: words such as "in" and "the" alone are no likeness.

site.exceptionLine = (text) => {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^(E\s{2,}|[|>\s]+)/, "").trim()).filter(Boolean);
  const starts = lines.map((line, place) => (/^[\w.]*(Error|Exception|Warning|Interrupt|Exit)\b\s*(:|$)/.test(line) ? place : -1)).filter((place) => place >= 0);
  return starts.length ? lines.slice(starts[starts.length - 1], starts[starts.length - 1] + 6).join("\n") : text;
};

site.typeOf = (text) => /^\s*(?:[\w.]*\.)?(\w*(?:Error|Exception|Warning|Interrupt|Exit))\b/.exec(text)?.[1] || null;

site.ranked = (text) => {
  const failures = siteData.index.causes.filter((cause) => cause.signature && cause.error);
  const documents = failures.map((cause) => ({ cause, words: site.words(cause.error), type: site.typeOf(cause.error), text: site.normalise(cause.error) }));
  const often = new Map();
  for (const each of documents) for (const word of each.words) often.set(word, (often.get(word) || 0) + 1);
  const weight = (word) => Math.log(1 + documents.length / (often.get(word) || documents.length));
  const line = site.exceptionLine(text), asked = site.words(line), type = site.typeOf(line);
  const known = [...asked].filter((word) => often.has(word));
  const named = site.words((line.match(/(["'`])[^"'`]*\1|<[^>]*>/g) || []).join(" ")); // names of layers and files differ
  const total = [...asked].reduce((sum, word) => sum + (often.has(word) ? weight(word) : named.has(word) ? 0.5 : 2), 0);
  const flat = site.normalise(line).replace(/\s+/g, " ").trim();
  return documents.map((each) => {
    const common = known.filter((word) => each.words.has(word));
    const telling = common.filter((word) => often.get(word) <= Math.max(1, documents.length / 5)).length;
    const shared = common.reduce((sum, word) => sum + weight(word), 0);
    const own = [...each.words].reduce((sum, word) => sum + weight(word), 0);
    const inside = flat.length > 12 && each.text.replace(/\s+/g, " ").includes(flat) ? 0.35 : 0;
    const same = type && each.type ? (type === each.type ? 0.05 : -0.15) : 0;
    const part = inside > 0 && own > 0 && shared / own < 0.6;
    return { cause: each.cause, part, telling, score: total && own ? Math.min(1, (0.65 * shared) / total + (0.35 * shared) / own + inside + same) : 0 };
  }).filter((each) => each.score > 0.22 && (each.part || each.score > 0.5 || each.telling > 1)).sort((a, b) => b.score - a.score).slice(0, 8);
};

site.likeness = ({ score, part }) => (part ? "has this text" : score > 0.85 ? "the same message" : score > 0.5 ? "a similar message" : "partly similar");

site.errorForm = (text) => {
  const example = siteData.index.causes.find((cause) => cause.signature && cause.error);
  const area = site.el("textarea", { id: "message", rows: "5", spellcheck: "false",
    placeholder: `${example ? `${site.firstLine(example.error, 90)}\n` : ""}One line, or a whole traceback` });
  area.value = text;
  const found = site.el("div", { class: "found", "aria-live": "polite" });
  const update = () => found.replaceChildren(...site.matches(area.value, 3));
  area.addEventListener("input", update);
  if (!text) update();
  return site.el("form", { class: "card task", onsubmit: (event) => {
    event.preventDefault();
    if (area.value.trim()) location.hash = `#/error/${site.encode(site.exceptionLine(area.value).slice(0, 1500))}`;
    else area.focus();
  } }, site.el("h2", {}, site.el("label", { for: "message" }, "Have an error message? Paste it")), area,
  site.el("button", { type: "submit", class: "main" }, "Find the versions"), text ? null : found);
};

// Short matches below the form.
site.matches = (text, most) => {
  if (!text.trim()) return [];
  const ranked = site.ranked(text);
  if (!ranked.length) return [site.noMatch()];
  return ranked.slice(0, most).map((each) => [each.cause, site.likeness(each)]).map(([cause, likeness]) => site.el("p", { class: "match" },
    site.el("a", { href: `#/failure/${site.encode(cause.key)}` }, site.firstLine(cause.error, 90)), " ",
    site.el("span", { class: "quiet" }, `${likeness}; ${site.rangesText(site.affected(cause))}`)));
};

site.affected = (cause) => {
  const places = new Set(siteData.placesOf(cause).flatMap((each) => each.places));
  return siteData.index.environments.filter((each) => places.has(each));
};

site.noMatch = () => site.el("p", {}, "No known failure resembles this. It may be new: ",
  site.el("code", {}, `${siteData.index.command} triage REPORT`), " runs a report in all versions.");

site.errorView = (text) => {
  const ranked = site.ranked(text);
  return [
    site.el("h1", {}, "Failures with this message"), site.errorForm(text),
    site.el("section", { "aria-label": "Matches" }, ranked.length ? ranked.map((each) => site.failureCard(each.cause, site.likeness(each))) : site.noMatch()),
  ];
};

site.failureCard = (cause, likeness) => {
  const found = siteData.placesOf(cause), places = site.affected(cause);
  const cells = found.flatMap(({ each, places: own }) => own.map((environment) => ({ each, environment, kind: siteData.kind(each, environment) })));
  return site.el("article", { class: "card" },
    likeness ? site.el("p", { class: "likeness" }, likeness) : null,
    site.causeHead(cause),
    site.el("p", {}, site.el("b", {}, "Affected: "), site.rangesText(places), `. ${site.count(cells.length, "cell")} of ${site.count(found.length, "case")}.`),
    cells.length ? site.commonWays(cells) : null,
    site.list(found.map(({ each, places: own }) => site.el("li", {}, site.caseLink(each), " ", site.el("span", { class: "quiet" }, site.rangesText(own)))), 3));
};

// All failures, those with most cells first.
site.errorsView = () => {
  const failures = siteData.index.causes.filter((cause) => cause.signature).map((cause) => ({
    cause, number: siteData.placesOf(cause).reduce((sum, each) => sum + each.places.length, 0),
  })).sort((a, b) => b.number - a.number);
  return [
    site.el("h1", {}, `${site.count(failures.length, "different failure")}`),
    site.el("p", {}, "Cells that fail at the same stage with the same message are one failure. Paste an error message to find yours:"),
    site.errorForm(""),
    site.el("ul", { class: "failures" }, failures.map(({ cause, number }) => site.el("li", { class: "card" }, site.causeHead(cause, "h2"),
      site.el("p", { class: "quiet" }, `${site.count(number, "cell")}; ${site.rangesText(site.affected(cause))}`)))),
  ];
};

site.failureView = (key) => {
  const cause = siteData.index.causeNamed.get(key);
  if (!cause) return site.missing(`There is no failure ${key} in these results.`, "#/errors", "Show all failures");
  const found = siteData.placesOf(cause);
  const cells = found.flatMap(({ each, places }) => places.map((environment) => ({ each, environment, kind: siteData.kind(each, environment) })));
  return [
    site.el("h1", {}, cells.length === 1 ? "This cell fails alone" : `These ${cells.length} cells are one failure`),
    site.el("article", { class: "card" }, site.causeHead(cause, "h2"),
      site.el("p", {}, site.el("b", {}, "Affected: "), site.rangesText(site.affected(cause)), "."),
      site.commonWays(cells),
      site.el("p", { class: "quiet" }, cause.signature ? `Signature ${cause.signature}. ` : "",
        site.el("a", { href: `#/table?failure=${site.encode(key)}` }, "Show the rows in the table"))),
    site.el("h2", {}, "Cases"),
    site.el("ul", { class: "cases" }, found.map(({ each, places }) => site.el("li", {}, site.caseLink(each, places[places.length - 1]), " ",
      site.el("span", { class: "quiet" }, site.rangesText(places))))),
  ];
};
