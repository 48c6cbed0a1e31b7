"use strict";
// One case: its status in each minor version, its versions as a strip, its transitions in sentences, its script.

site.caseView = (name) => {
  const each = siteData.index.caseNamed.get(name);
  if (!each) {
    const square = siteData.index.squareNamed.get(name);
    if (square) return [site.el("h1", {}, name), site.el("p", {}, square.about.title), site.square(square), site.embed(name, `cases/${square.file}.svg`, `#/case/${site.encode(name)}`), site.caseDetails(square)];
    return site.missing(`There is no case ${name} in these results.`, "#/table", "Show all cases");
  }
  return [
    site.el("h1", {}, each.case),
    site.el("p", { class: "lead" }, each.about.title, " ", each.about.issue ? site.outside(each.about.issue, `Report ${site.shortAddress(each.about.issue)}`) : null),
    site.statuses(each),
    site.el("section", {}, site.el("h2", {}, "In each version"), siteData.index.families.map((family) => site.strip(each, family))),
    site.embed(each.case, `cases/${each.file}.svg`, `#/case/${site.encode(each.case)}`),
    site.caseDetails(each),
  ];
};

site.statusMark = (text) => {
  const style = text === "works" ? "pass" : text.startsWith("works") ? "flaky" : text === "broken" ? "fail" : "none";
  return site.mark({ style, mark: { pass: "✓", flaky: "✓", fail: "✗", none: "–" }[style] }, text);
};

site.statuses = (each) => {
  const runs = [];
  for (const [name, minor, text] of each.status) {
    const run = runs[runs.length - 1];
    if (run && run.name === name && run.text === text && site.adjacent(run.last, minor)) run.last = minor;
    else runs.push({ name, text, first: minor, last: minor });
  }
  const title = (name) => siteData.index.families.find((family) => family.package === name)?.name || name;
  return site.el("section", {}, site.el("h2", {}, "Status"), site.el("ul", { class: "statuses" }, runs.map((run) => site.el("li", {},
    site.el("b", {}, `${title(run.name)} ${run.first === run.last ? run.first : `${run.first} to ${run.last}`}`), " ", site.statusMark(run.text)))));
};

site.strip = (each, family) => {
  const places = family.places.map((place) => siteData.index.environments[place]);
  if (places.every((environment) => siteData.kind(each, environment).state === "not asked for")) return null;
  return site.el("div", { class: "strip" }, site.el("h3", {}, family.title), site.el("ul", {}, places.map((environment) => {
    const kind = siteData.kind(each, environment);
    return site.el("li", { class: kind.style }, site.el("a", { href: site.cellAddress(site.caseId(each, environment)), title: site.meaning(kind),
      "aria-label": `${site.version(environment)}: ${site.meaning(kind)}` }, site.el("span", {}, environment.version || environment.environment), site.el("b", {}, kind.mark)));
  })));
};

// Statements and scripts come from the document of the case.
site.caseDetails = (each) => {
  const box = site.el("div", {}, site.el("p", { class: "quiet" }, "Loading…"));
  siteData.loadCase(each).then((document) => {
    box.replaceChildren(
      site.el("section", {}, site.el("h2", {}, "Since when, until when"), document.statements.length
        ? site.el("ul", {}, document.statements.flatMap((one) => one.statements.map((text) => site.el("li", {}, site.el("b", {}, `${one.family}${one.held ? `, ${one.held}` : ""}: `), text)).concat(site.commits(one))))
        : site.el("p", {}, "It shows the same in all versions that were run.")),
      ...site.scripts(document, null),
      site.el("p", { class: "quiet" }, site.el("a", { href: `cases/${each.file}.json` }, "This case as JSON")));
  }, (error) => box.replaceChildren(site.el("p", { class: "problem" }, error.message)));
  return box;
};

// The commits that a recorded search found for the transitions of a statement.
site.commits = (one) => (one.commits || []).map((commit) => site.el("li", {},
  `${commit.kind[0].toUpperCase()}${commit.kind.slice(1)} in ${commit.first} by commit `, ...site.commit(commit),
  commit.certain ? "" : ", or by a commit before it that could not be tested",
  ...(commit.main_line ? [". It is on a release branch; the same change on the main line: ", ...site.commit(commit.main_line)] : [])));

site.commit = (commit) => [
  commit.address ? site.outside(commit.address, commit.sha.slice(0, 8)) : site.el("code", {}, commit.sha.slice(0, 8)),
  `: ${commit.title} (${commit.date.slice(0, 10)})`];

site.scripts = (document, line) => [document.writer_script, document.script].filter(Boolean).map((script) => site.el("section", {},
  site.el("h2", {}, script.name, " ", site.copy(script.text, "the script")), site.code(script.text, script === document.script ? line : null)));

site.code = (text, line) => site.el("pre", { class: "code", tabindex: "0" }, text.replace(/\n$/, "").split("\n").map((each, place) =>
  site.el("span", { class: place + 1 === line ? "line failing" : "line", "data-line": String(place + 1) }, `${each}\n`)));

site.environmentView = (id) => {
  const environment = siteData.index.environmentNamed.get(id);
  if (!environment) return site.missing(`There is no environment ${id} in these results.`, "#/table", "Show all environments");
  const box = site.el("div", {}, site.el("p", { class: "quiet" }, "Loading…"));
  siteData.load(`environments/${environment.file}`).then((document) => box.replaceChildren(
    site.environmentFacts(document),
    site.el("section", {}, site.el("h2", {}, "Packages"), site.packages(document)),
    site.el("p", { class: "quiet" }, site.el("a", { href: `environments/${environment.file}.json` }, "This environment as JSON"))),
  (error) => box.replaceChildren(site.el("p", { class: "problem" }, error.message)));
  return [site.el("h1", {}, environment.environment), site.el("p", { class: "lead" }, siteData.index.familyOf.get(environment.family).title),
    site.el("p", {}, site.el("a", { href: `#/table?columns=${site.encode(environment.environment)}` }, "Its results in the table")),
    site.embed(site.version(environment), `environments/${environment.file}.svg`, `#/environment/${site.encode(id)}`), box];
};

site.environmentFacts = (document) => site.definitions([
  ["Python", [document.interpreter || document.python, document.platform].filter(Boolean).join(" on ")],
  ["lock", document.lock], ["dependencies as of", document.as_of],
  ["variables", Object.entries(document.variables).map(([name, value]) => `${name}=${value}`).join(" ")],
  ["results", Object.entries(document.counts).map(([state, number]) => `${number} ${state}`).join(", ")],
]);

site.packages = (document) => site.el("pre", { class: "code", tabindex: "0" }, Object.entries(document.packages).map(([name, version]) => `${name}==${version}`).join("\n"));

site.definitions = (pairs) => site.el("dl", {}, pairs.filter(([, value]) => value && (value.length !== 0)).map(([name, value]) =>
  site.el("div", {}, site.el("dt", {}, name), site.el("dd", {}, value))));
