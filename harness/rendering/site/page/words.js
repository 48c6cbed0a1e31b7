"use strict";
// Puts results into words: what a cell means, which versions are affected, where a case stands.

site.version = (environment) => {
  const family = siteData.index.familyOf.get(environment.family);
  if (!environment.version) return environment.environment;
  return `${family.name} ${environment.version}${family.plain ? "" : ` (${family.family})`}`;
};

// What a cell means, without the mark: "cannot be saved".
site.meaning = (kind) => {
  if (kind.passes) return "works";
  if (kind.state === "flaky") return `flaky: ${kind.ratio} repeats passed`;
  if (kind.state === "failed") return kind.cause?.meaning || "fails";
  if (kind.state === "crashed") return `crashes${kind.cause?.stage ? ` at ${kind.cause.stage}` : ""}`;
  if (kind.state === "not asked for") return "not part of these results";
  return kind.state;
};

site.caseId = (each, environment) => `${each.case}@${environment.environment}`;
site.cellAddress = (id) => `#/cell/${site.encode(id)}`;

// Parameters of a case as text, without the name of the scenario.
site.parameters = (each) => each.case.slice(each.about.scenario.length).replace(/^\[|\]$/g, "") || each.about.scenario;

// Whether no minor version lies between two versions. Versions that were not run are not part of a range.
site.adjacent = (older, newer) => {
  const [first, second] = [older, newer].map((version) => /^(\d+)\.(\d+)/.exec(version || ""));
  return !first || !second || (first[1] === second[1] && second[2] - first[2] <= 1);
};

// When a transition happened, with its bounds: "Keras 3.5.0", "TensorFlow > 2.16.2, ≤ 2.17.1".
site.when = (transition) => {
  const [last, first] = [transition.last, transition.first].map((place) => siteData.index.environments[place]);
  if (transition.when === `in ${first.version}`) return site.version(first);
  return `${siteData.index.familyOf.get(first.family).name} > ${last.version}, ≤ ${first.version}`;
};

// Versions as ranges of neighbouring environments, by family: [{family, text}].
site.ranges = (places) => {
  const has = new Set(places.map((environment) => environment.place)), found = [];
  for (const family of siteData.index.families) {
    const runs = [];
    let run = [];
    for (const place of [...family.places, -1]) {
      const environment = has.has(place) ? siteData.index.environments[place] : null;
      if (run.length && !(environment && site.adjacent(run[run.length - 1].version, environment.version))) { runs.push(run); run = []; }
      if (environment) run.push(environment);
    }
    if (!runs.length) continue;
    const texts = runs.map((each) => {
      const [first, last] = [each[0], each[each.length - 1]].map((one) => one.version || one.environment);
      return each.length === 1 ? first : `${first} to ${last}`;
    });
    found.push({ family, text: `${family.name} ${texts.join(", ")}${family.plain ? "" : ` (${family.family})`}` });
  }
  return found;
};

site.firstLine = (text, longest = 220) => {
  const line = (text || "").split("\n").find((each) => each.trim()) || "";
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
};

// The environments that a case or a cause affects, as a short text.
site.rangesText = (places) => site.ranges(places).map((each) => each.text).join("; ");

// Text to compare: without what differs between two runs of the same failure.
site.normalise = (text) => text
  .replace(/\x1b\[[0-9;]*m/g, "")
  .replace(/<(path|float|address|number)>/g, " ")
  .replace(/(["'])\/[^"']*\1|\/[\w.\-/]+/g, " ")
  .replace(/0x[0-9a-f]+/gi, " ")
  .replace(/([a-z])_\d+\b/g, "$1")
  .toLowerCase();

site.words = (text) => new Set(site.normalise(text).match(/[a-z_][a-z0-9_.]*[a-z0-9_]/g) || []);
