"use strict";
// Draws all cases in all environments on one canvas. Shapes tell states apart without colour: a full block fails, a pale
// block passes, a line does not apply, a dotted cell is unavailable.

site.colours = () => {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
};

site.drawCell = (context, colour, style, x, y, width, height) => {
  const block = (name, top = 0, part = 1) => {
    context.fillStyle = colour(name);
    context.fillRect(x, y + height * top, width, Math.max(1, height * part));
  };
  if (style === "pass" || style === "fail" || style === "crash") block(style);
  else if (style === "limit") { block("pass"); block("fail", 0.5, 0.5); }
  else if (style === "flaky") {
    block("pass");
    context.fillStyle = colour("fail");
    context.fillRect(x, y, width / 2, height);
  } else if (style === "none") block("line", 0.45, 0.12);
  else if (style === "absent") {
    context.fillStyle = colour("line");
    for (let at = 0; at < width; at += 4) context.fillRect(x + at, y + height / 2 - 1, 2, 2);
  } else if (style === "unknown") {
    context.strokeStyle = colour("line");
    context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), Math.max(1, height - 1));
  }
};

site.legend = () => site.el("ul", { class: "legend", "aria-label": "Marks" }, Object.entries(siteData.index.states)
  .filter(([state]) => siteData.index.kinds.some((kind) => kind.state === state))
  .map(([state, { mark, style }]) => site.el("li", {}, site.swatch(style), site.mark({ style, mark }, state))));

site.swatch = (style) => {
  const canvas = site.el("canvas", { width: 28, height: 20, class: "swatch", "aria-hidden": "true" });
  canvas.draw = () => {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, 28, 20);
    site.drawCell(context, site.colours(), style, 0, 0, 28, 20);
  };
  canvas.draw();
  return canvas;
};

// Pixels: smaller cells cannot be hit with a finger.
site.finger = 14;
// Pixels: the height of the bands of families, and the width below which the name of a family is written upwards.
site.band = { height: 34, narrow: 44 };

site.heatMap = ({ most }) => {
  const index = siteData.index, cases = index.cases, environments = index.environments;
  const canvas = site.el("canvas", { class: "map", tabindex: "0", role: "application",
    "aria-label": `Map of ${cases.length} cases in ${environments.length} environments. Arrow keys move, Enter opens a cell. The table has the same cells.` });
  const told = site.el("p", { class: "told" }, matchMedia("(pointer: coarse)").matches ? "Tap the map: the table of a scenario opens." : "Point at a cell, or use the arrow keys.");
  const box = site.el("div", { class: "mapbox" }, canvas);
  const at = { row: -1, column: -1 };
  let shape = null, touched = false;
  const measure = () => {
    const width = Math.max(280, box.clientWidth || 900), narrow = width < 640;
    const left = narrow ? 0 : 190;
    const gaps = index.families.length - 1;
    const cell = Math.max(narrow ? 3 : 5, (width - left - 6 * gaps) / environments.length);
    // The name of a band of few environments does not fit across: it is written upwards, and needs more height.
    const upwards = index.families.filter((family) => family.places.length * cell < site.band.narrow);
    const top = upwards.length ? 96 : site.band.height;
    const groups = [];
    cases.forEach((each) => {
      if (groups.length && groups[groups.length - 1].about === each.about) groups[groups.length - 1].rows.push(each);
      else groups.push({ about: each.about, rows: [each] });
    });
    const gap = 2;
    const room = most || Math.max(360, window.innerHeight - 230);
    const height = Math.max(2, Math.min(14, Math.floor((room - top - gap * groups.length) / cases.length)));
    const xs = environments.map((each) => left + each.place * cell + 6 * index.families.findIndex((family) => family.family === each.family));
    let y = top;
    const ys = [];
    for (const group of groups) {
      group.top = y;
      for (const each of group.rows) { ys[each.place] = y; y += height; }
      group.bottom = y;
      y += gap;
    }
    return { width: Math.max(width, xs[xs.length - 1] + cell), height: y, left, top, upwards, cell, row: height, xs, ys, groups };
  };
  const draw = () => {
    shape = measure();
    const ratio = window.devicePixelRatio || 1, colour = site.colours();
    Object.assign(canvas, { width: shape.width * ratio, height: shape.height * ratio });
    canvas.style.width = `${shape.width}px`;
    canvas.style.height = `${shape.height}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "600 12px system-ui, sans-serif";
    context.textBaseline = "top";
    for (const family of index.families) {
      const x = shape.xs[family.places[0]], end = shape.xs[family.places[family.places.length - 1]] + shape.cell;
      const up = shape.upwards.includes(family), name = family.plain ? family.name : family.family;
      const from = up ? 0 : shape.top - site.band.height;
      context.fillStyle = colour("band");
      context.fillRect(x, from, end - x, shape.top - 3 - from);
      context.fillStyle = colour("text");
      context.save();
      if (up) {
        context.font = "600 11px system-ui, sans-serif";
        context.textBaseline = "middle";
        context.translate((x + end) / 2, shape.top - 7);
        context.rotate(-Math.PI / 2);
        context.fillText(name, 0, 0, shape.top - 12);
      } else {
        context.beginPath();
        context.rect(x, from, end - x - 2, site.band.height);
        context.clip();
        const [first, last] = [family.places[0], family.places[family.places.length - 1]].map((place) => environments[place].version || "");
        context.fillText(name, x + 3, from + 3);
        context.font = "11px system-ui, sans-serif";
        context.fillStyle = colour("quiet");
        context.fillText(first === last ? first : `${first} to ${last}`, x + 3, from + 17, Math.max(20, end - x - 6));
      }
      context.restore();
    }
    const drawn = cases.map((each) => each.row);
    drawn.forEach((row, place) => row.forEach((number, column) => {
      const kind = index.kinds[number];
      if (kind) site.drawCell(context, colour, kind.style, shape.xs[column], shape.ys[place], shape.cell - (shape.cell > 6 ? 1 : 0), shape.row - (shape.row > 3 ? 1 : 0));
    }));
    if (shape.left) {
      let lowest = 0;
      context.font = "11px system-ui, sans-serif";
      for (const group of shape.groups) {
        const y = Math.max((group.top + group.bottom) / 2 - 6, lowest);
        context.fillStyle = colour("text");
        context.fillText(group.about.scenario, 0, y, shape.left - 10);
        lowest = y + 12;
      }
    }
    if (at.row >= 0) {
      context.strokeStyle = colour("focus");
      context.lineWidth = 2;
      context.strokeRect(shape.xs[at.column] - 1, shape.ys[at.row] - 1, shape.cell + 1, shape.row + 1);
    }
  };
  const under = (event) => {
    const { left, top } = canvas.getBoundingClientRect(), x = event.clientX - left, y = event.clientY - top;
    const column = shape.xs.findIndex((each) => x >= each && x < each + shape.cell);
    const row = shape.ys.findIndex((each) => y >= each && y < each + shape.row);
    if (row < 0 && x < shape.left) return { group: shape.groups.find((group) => y >= group.top && y < group.bottom + 2) };
    return row < 0 || column < 0 ? null : { row, column };
  };
  // Where cells are too small for a finger: the table of the scenario and the family at this place.
  const areaAddress = (event) => {
    const { left, top } = canvas.getBoundingClientRect(), x = event.clientX - left, y = event.clientY - top;
    const group = shape.groups.findLast((each) => y >= each.top) || shape.groups[0];
    const family = index.families.findLast((each) => x >= shape.xs[each.places[0]]) || index.families[0];
    return `#/table?scenario=${site.encode(group.about.scenario)}&family=${site.encode(family.family)}`;
  };
  const tell = () => {
    const each = cases[at.row], environment = environments[at.column], kind = siteData.kind(each, environment);
    told.replaceChildren(site.mark(kind, site.meaning(kind)), ` in ${site.version(environment)}: `, site.el("b", {}, each.case), ` ${each.about.title}`);
  };
  canvas.addEventListener("pointermove", (event) => {
    const found = under(event);
    canvas.style.cursor = found ? "pointer" : "default";
    if (found && found.row >= 0 && (found.row !== at.row || found.column !== at.column)) {
      Object.assign(at, found);
      tell();
      requestAnimationFrame(draw);
    }
  });
  canvas.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; });
  canvas.addEventListener("click", (event) => {
    const found = under(event);
    if (touched && Math.min(shape.cell, shape.row) < site.finger && !found?.group) location.hash = areaAddress(event);
    else if (found?.group) location.hash = `#/table?scenario=${site.encode(found.group.about.scenario)}`;
    else if (found) location.hash = site.cellAddress(site.caseId(cases[found.row], environments[found.column]));
  });
  canvas.addEventListener("keydown", (event) => {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] || [0, 0];
    if (event.key === "Enter" && at.row >= 0) location.hash = site.cellAddress(site.caseId(cases[at.row], environments[at.column]));
    if (!down && !right) return;
    event.preventDefault();
    at.row = at.row < 0 ? 0 : Math.min(cases.length - 1, Math.max(0, at.row + down));
    at.column = at.column < 0 ? 0 : Math.min(environments.length - 1, Math.max(0, at.column + right));
    tell();
    site.say(told.textContent);
    draw();
  });
  site.redraw = () => { if (canvas.isConnected) { draw(); document.querySelectorAll("canvas.swatch").forEach((each) => each.draw?.()); } };
  if (cases.length && environments.length) requestAnimationFrame(draw);
  return site.el("div", { class: "mapview" }, site.legend(), told, box);
};

site.overview = () => [
  site.el("h1", {}, "Every case in every environment"),
  site.el("p", { class: "quiet" }, "A row is a case, a column an environment. Select a cell for its evidence, or the name of a scenario for its rows. ",
    site.el("a", { href: "#/table" }, "The same as a table with filters.")),
  site.heatMap({ most: 0 }),
  siteData.index.squares.length ? site.squares() : null,
];

// Two-step cases: a row is the environment that wrote the file, a column the one that read it.
site.squares = () => site.el("section", {}, site.el("h2", {}, "Files written in one version and read in another"),
  siteData.index.squares.map((each) => site.el("details", { open: siteData.index.squares.length < 5 }, site.el("summary", {}, each.case),
    site.el("p", { class: "quiet" }, "A row wrote the file, a column read it."), site.square(each))));

site.square = (each) => {
  const environments = siteData.index.environments;
  const readers = each.readers.map((place) => environments[place]);
  return site.el("div", { class: "scroll" }, site.el("table", { class: "grid compact" }, site.el("caption", { class: "unseen" }, each.case),
    site.el("thead", {}, site.el("tr", {}, site.el("th", { scope: "col" }, "written in"), readers.map((reader) =>
      site.el("th", { scope: "col", class: "upright" }, site.el("span", {}, reader.environment))))),
    site.el("tbody", {}, each.writers.map((place, line) => site.el("tr", {}, site.el("th", { scope: "row" }, environments[place].environment),
      each.lines[line].map((number, column) => {
        const kind = siteData.index.kinds[number] || siteData.index.blank;
        const id = `${each.case}@${environments[place].environment} -> ${readers[column].environment}`;
        return site.el("td", { class: kind.style }, number < 0 ? "" : site.el("a", { href: site.cellAddress(id), "aria-label": `${id}: ${site.meaning(kind)}`, title: site.meaning(kind) }, kind.mark));
      }))))));
};
