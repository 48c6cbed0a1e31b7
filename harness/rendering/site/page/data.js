"use strict";
// Owns the results: the index, and documents that are loaded when a panel needs them. A data file is a script that calls
// `siteData.receive`, because a page that is opened from a folder cannot read JSON files.
const siteData = { waiting: new Map(), documents: new Map() };

siteData.receive = (name, document) => {
  siteData.documents.set(name, document);
  if (name === "index") siteData.index = siteData.arranged(document);
};

siteData.load = (name) => {
  if (siteData.documents.has(name)) return Promise.resolve(siteData.documents.get(name));
  if (!siteData.waiting.has(name)) {
    siteData.waiting.set(name, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${name.split("/").map(encodeURIComponent).join("/")}.js`;
      script.onload = () => resolve(siteData.documents.get(name));
      script.onerror = () => {
        siteData.waiting.delete(name);
        reject(new Error(`${name}.js could not be loaded. Copy the whole folder of the site, not only index.html.`));
      };
      document.head.append(script);
    }));
  }
  return siteData.waiting.get(name);
};

// The scripts, statements and cells of a case. `evidence` returns what its cell in a place shows: `environment` or
// `writer -> reader`; `text` returns a text by its number.
siteData.loadCase = (each) => siteData.load(`scenarios/${each.about.file}`).then((shared) => {
  const own = shared.cases.find((one) => one.case === each.case);
  if (!own) throw new Error(`scenarios/${each.about.file}.js does not have ${each.case}. Copy the whole folder of the site.`);
  const places = shared.places[own.places];
  return {
    ...own, script: shared.scripts[own.script], writer_script: shared.scripts[own.writer_script],
    evidence: (place) => {
      const found = shared.evidence[own.cells[places.indexOf(place)]] || {};
      return { ...found, cause: shared.causes[found.cause] || {}, attempts: (found.attempts || []).map((number) => shared.attempts[number]) };
    },
    text: (number) => (number === undefined ? "" : shared.texts[number].map((line) => shared.lines[line]).join("\n")),
  };
});

siteData.arranged = (index) => {
  index.environments.forEach((each, place) => Object.assign(each, { place }));
  index.families.forEach((family) => {
    family.places = index.environments.filter((each) => each.family === family.family).map((each) => each.place);
    family.plain = index.families.find((each) => each.package === family.package) === family;
  });
  index.familyOf = new Map(index.families.map((family) => [family.family, family]));
  index.cases.forEach((each, place) => Object.assign(each, { place, about: index.scenarios[each.scenario] }));
  index.squares.forEach((each, place) => Object.assign(each, { place, about: index.scenarios[each.scenario] }));
  index.kinds = index.kinds.map(([state, cause, ways, ratio]) => ({
    state, ratio: ratio || "", cause: cause === null ? null : index.causes[cause], ways: ways.map((way) => index.ways[way]),
    style: index.states[state].style, mark: index.states[state].mark,
    judged: ["passed", "failed", "crashed", "flaky"].includes(state), passes: state === "passed",
    fails: ["failed", "crashed", "timed out", "out of memory", "flaky"].includes(state),
  }));
  index.blank = { state: "not asked for", ratio: "", cause: null, ways: [], style: "blank", mark: "·", judged: false };
  index.caseNamed = new Map(index.cases.map((each) => [each.case, each]));
  index.squareNamed = new Map(index.squares.map((each) => [each.case, each]));
  index.environmentNamed = new Map(index.environments.map((each) => [each.environment, each]));
  index.causeNamed = new Map(index.causes.map((each) => [each.key, each]));
  return index;
};

// What a case shows in an environment.
siteData.kind = (each, environment) => siteData.index.kinds[each.row[environment.place]] || siteData.index.blank;

// A cell by its id: `case@environment` or `case@writer -> reader`.
siteData.cell = (id) => {
  const index = siteData.index, at = id.lastIndexOf("@");
  const [name, place] = [id.slice(0, at), id.slice(at + 1)];
  const [first, second] = place.split(" -> ");
  if (second === undefined) {
    const each = index.caseNamed.get(name), environment = index.environmentNamed.get(first);
    return each && environment ? { id, each, environment, kind: siteData.kind(each, environment) } : null;
  }
  const each = index.squareNamed.get(name);
  const [writer, environment] = [first, second].map((part) => index.environmentNamed.get(part));
  if (!each || !writer || !environment) return null;
  const line = each.lines[each.writers.indexOf(writer.place)] || [];
  const kind = index.kinds[line[each.readers.indexOf(environment.place)]] || index.blank;
  return { id, each, writer, environment, kind };
};

// All cells that have a cause, by case: which environments show it.
siteData.placesOf = (cause) => {
  const index = siteData.index, found = [];
  for (const each of index.cases) {
    const places = index.environments.filter((environment) => siteData.kind(each, environment).cause === cause);
    if (places.length) found.push({ each, places });
  }
  return found;
};
