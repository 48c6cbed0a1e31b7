"use strict";
// Compares two environments: what breaks, what gets fixed, and why. `compared` is pure. Time and memory limits count as
// no result: they depend on the machine.

site.compared = (from, to) => {
  const groups = { breaks: [], fixed: [], changed: [], works: [], fails: [], unknown: [] };
  for (const each of siteData.index.cases) {
    const before = siteData.kind(each, from), after = siteData.kind(each, to);
    const pair = { each, before, after };
    if (!before.judged || !after.judged) groups.unknown.push(pair);
    else if (before.passes && after.passes) groups.works.push(pair);
    else if (before.passes) groups.breaks.push(pair);
    else if (after.passes) groups.fixed.push(pair);
    else if (before.cause === after.cause) groups.fails.push(pair);
    else groups.changed.push(pair);
  }
  return groups;
};

// The pair that is offered first: the newest version, and the version before the largest change.
site.offered = () => {
  const index = siteData.index, family = index.families[0];
  const members = family.places.map((place) => index.environments[place]);
  let best = members[0], most = -1;
  for (let place = 1; place < members.length; place += 1) {
    const groups = site.compared(members[place - 1], members[place]);
    if (groups.breaks.length > most) [best, most] = [members[place - 1], groups.breaks.length];
  }
  return [best, members[members.length - 1]];
};

site.environmentSelect = (id, chosen) => site.el("select", { id }, siteData.index.families.map((family) =>
  site.el("optgroup", { label: family.title }, family.places.map((place) => {
    const each = siteData.index.environments[place];
    return site.el("option", { value: each.environment, selected: each === chosen }, site.version(each));
  }))));

site.upgradeForm = (chosen) => {
  const [from, to] = chosen || site.offered();
  const selects = [site.environmentSelect("from", from), site.environmentSelect("to", to)];
  const short = site.el("p", { class: "short", "aria-live": "polite" });
  const address = () => `#/upgrade/${selects.map((each) => site.encode(each.value)).join("/")}`;
  const update = () => {
    const groups = site.compared(...selects.map((each) => siteData.index.environmentNamed.get(each.value)));
    short.replaceChildren(site.el("b", { class: "fail-text" }, `${groups.breaks.length} of ${siteData.index.cases.length} cases break`), ", ",
      site.el("b", { class: "pass-text" }, `${groups.fixed.length} get fixed`), groups.changed.length ? `, ${groups.changed.length} fail differently.` : ".");
  };
  selects.forEach((each) => each.addEventListener("change", () => (chosen ? (location.hash = address()) : update())));
  update();
  return site.el("form", { class: "card task", onsubmit: (event) => { event.preventDefault(); location.hash = address(); } },
    site.el("h2", {}, "Upgrading?"),
    site.el("div", { class: "pair" }, site.el("label", { for: "from" }, "From"), selects[0],
      site.el("label", { for: "to" }, "to"), selects[1]),
    short, chosen ? null : site.el("button", { type: "submit", class: "main" }, "Show what breaks"));
};

site.upgrade = (fromId, toId) => {
  const [from, to] = [fromId, toId].map((id) => siteData.index.environmentNamed.get(id));
  if (!from || !to) return site.missing(`There is no environment ${from ? toId : fromId} in these results.`, "#/", "Choose another pair");
  const groups = site.compared(from, to);
  return [
    site.el("h1", {}, `From ${site.version(from)} to ${site.version(to)}`),
    site.upgradeForm([from, to]),
    site.el("p", { class: "facts" }, [`${groups.works.length} work in both`, `${groups.fails.length} fail in both alike`,
      `${groups.unknown.length} without a result in one of them`].map((text) => site.el("span", {}, text)),
      site.el("a", { href: `#/table?columns=${site.encode(`${from.environment},${to.environment}`)}&differ=1` }, "Show the rows in the table")),
    site.upgradePart("Breaks", groups.breaks, (pair) => pair.after, to, "Nothing that works before is known to fail after."),
    site.upgradePart("Gets fixed", groups.fixed, (pair) => pair.before, from, "Nothing that fails before is known to work after."),
    groups.changed.length ? site.upgradePart("Fails in both, with another error", groups.changed, (pair) => pair.after, to, "") : null,
  ];
};

site.upgradePart = (title, pairs, kindOf, environment, none) => {
  const causes = new Map();
  for (const pair of pairs) {
    const cause = kindOf(pair).cause;
    causes.set(cause, [...(causes.get(cause) || []), { ...pair, kind: kindOf(pair), environment }]);
  }
  const sorted = [...causes].sort((a, b) => b[1].length - a[1].length);
  const fixed = title === "Gets fixed";
  return site.el("section", {}, site.el("h2", {}, `${title}: ${site.count(pairs.length, "case")}`),
    sorted.length ? null : site.el("p", {}, none),
    sorted.map(([cause, cells]) => site.el("article", { class: "card" },
      fixed ? site.el("p", { class: "quiet" }, `Before, in ${site.version(environment)}:`) : null,
      cause ? site.causeHead(cause) : null,
      fixed ? null : site.commonWays(cells),
      site.list(cells.map(({ each }) => site.el("li", {}, site.caseLink(each, environment), " ", site.el("span", { class: "quiet" }, each.about.title)))))));
};
