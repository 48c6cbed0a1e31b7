"use strict";
// The first view: an upgrade, an error message, the newest changes, and where the data come from.

site.facts = () => {
  const index = siteData.index, pythons = index.pythons;
  const days = index.measured ? [...new Set(index.measured)] : [];
  return [
    site.count(index.counts.cells, "result"),
    `${site.count(index.cases.length + index.squares.length, "case")} in ${site.count(index.environments.length, "environment")}`,
    pythons.length ? `Python ${[...new Set([pythons[0], pythons[pythons.length - 1]])].join(" to ")}` : null,
    index.platforms.length ? index.platforms.join(", ") : null,
    days.length ? `measured ${days.join(" to ")}` : null,
  ].filter(Boolean);
};

site.landing = () => {
  const index = siteData.index;
  return [
    site.el("section", { class: "hero" },
      site.el("h1", {}, index.title),
      index.about ? site.el("p", { class: "lead" }, index.about) : null,
      site.el("p", { class: "facts" }, site.facts().map((fact) => site.el("span", {}, fact))),
      index.notes.map((note) => site.el("p", { class: "quiet" }, note))),
    site.el("div", { class: "tasks" }, site.upgradeForm(), site.errorForm(""), index.transfer ? site.fileForm() : null),
    site.newest(),
    site.el("section", {},
      site.el("h2", {}, site.el("a", { href: "#/overview" }, "Everything on one screen")),
      site.el("p", { class: "quiet" }, "A row is a case, a column an environment. Select a cell to see its evidence."),
      site.heatMap({ most: 420 })),
  ];
};

// Transitions of the newest releases, those of one scenario and release together.
site.newest = () => {
  const index = siteData.index, groups = new Map();
  for (const each of index.transitions) {
    if (each.held || each.kind === "changed" || !index.familyOf.get(each.family).plain) continue;
    const first = index.environments[each.first], last = index.environments[each.last];
    const about = index.cases[each.case].about;
    const key = [about.scenario, each.kind, each.first, each.last].join(" ");
    const group = groups.get(key) || { each, first, last, about, cases: [] };
    group.cases.push(index.cases[each.case]);
    groups.set(key, group);
  }
  const newest = [...groups.values()].sort((a, b) => (b.first.as_of || "").localeCompare(a.first.as_of || "")).slice(0, 5);
  if (!newest.length) return null;
    const shown = { introduced: [{ style: "fail", mark: "✗" }, "breaks"], fixed: [{ style: "pass", mark: "✓" }, "gets fixed"] };
  return site.el("section", {}, site.el("h2", {}, "Newest changes"),
    site.el("ul", { class: "changes" }, newest.map(({ each, first, last, about, cases }) => {
      const kind = siteData.kind(cases[0], each.kind === "fixed" ? last : first);
      return site.el("li", {},
        site.el("span", { class: "when" }, site.when(each)), " ",
        site.mark(...shown[each.kind]), " ",
        site.el("a", { href: cases.length === 1 ? `#/case/${site.encode(cases[0].case)}` : `#/table?scenario=${site.encode(about.scenario)}` }, about.title),
        site.el("span", { class: "quiet" }, ` ${site.count(cases.length, "case")}; ${each.kind === "fixed" ? "before: " : ""}${site.meaning(kind)}`));
    })));
};
