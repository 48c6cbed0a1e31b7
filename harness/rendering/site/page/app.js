"use strict";
// Shows the view of the address. A cell opens over the view that was there.

site.missing = (text, address, link) => [site.el("h1", {}, "Not found"), site.el("p", {}, text), site.el("p", {}, site.el("a", { href: address }, link))];

site.about = () => [
  site.el("h1", {}, "How to read these results"),
  siteData.index.about ? site.el("p", { class: "lead" }, siteData.index.about) : null,
  site.el("p", { class: "facts" }, site.facts().map((fact) => site.el("span", {}, fact))),
  site.el("dl", { class: "states" }, Object.entries(siteData.index.states).map(([state, { mark, style, meaning }]) =>
    site.el("div", {}, site.el("dt", {}, site.swatch(style), site.mark({ style, mark }, state)), site.el("dd", {}, meaning)))),
  site.el("p", {}, "A case is a script with values for its parameters. An environment is a Python with locked packages. A cell is a case in an environment. ",
    "Cells that fail at the same stage with the same message have the same signature: they are one failure. A label is what a maintainer says about a failure."),
  site.el("p", {}, "What has no result never counts as a failure. A range such as 2.3 to 2.5 names neighbouring versions of these results; \"> 2.3, ≤ 2.5\" means that the change is somewhere between the two."),
  site.el("h2", {}, "Families"),
  site.el("dl", {}, siteData.index.families.map((family) => site.el("div", {}, site.el("dt", {}, family.family), site.el("dd", {}, `${family.title} (${family.environments})`)))),
  site.el("h2", {}, "The data"),
  site.el("p", {}, site.el("a", { href: "index.json" }, "index.json"), " lists all cases and environments; ", site.el("code", {}, "cases/"), " and ", site.el("code", {}, "environments/"), " have a file each."),
];

site.routes = {
  "": site.landing, overview: site.overview, table: (rest, query) => site.tableView(query), about: site.about, errors: site.errorsView, file: site.fileView,
  upgrade: (rest) => site.upgrade(rest[0] || "", rest[1] || ""), error: (rest) => site.errorView(rest[0] || ""),
  failure: (rest) => site.failureView(rest[0] || ""), case: (rest) => site.caseView(rest[0] || ""), environment: (rest) => site.environmentView(rest[0] || ""),
};

site.parse = (hash) => {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const decode = (part) => { try { return decodeURIComponent(part); } catch { return part; } };
  const [name, ...rest] = path.split("/").map(decode);
  return { name, rest, query: new URLSearchParams(query || "") };
};

site.show = () => {
  const { name, rest, query } = site.parse(location.hash), panel = document.getElementById("panel"), view = document.getElementById("view");
  if (location.hash === "#view") return;
  if (name === "cell") {
    const cell = siteData.cell(rest[0] || "");
    if (!site.shown) site.render("case", [cell ? cell.each.case : ""], query, `#/case/${cell ? site.encode(cell.each.case) : ""}`);
    site.openPanel(rest[0] || "");
    return;
  }
  if (panel.open) { site.closing = true; panel.close(); }
  if (site.shown === location.hash) return;
  const first = !site.shown;
  site.render(name, rest, query, location.hash || "#/");
  if (!first) { view.focus({ preventScroll: true }); scrollTo(0, 0); }
};

site.render = (name, rest, query, address) => {
  const make = site.routes[name] || (() => site.missing("This address names no view.", "#/", "Go to the start"));
  const view = document.getElementById("view");
  view.className = `view-${name || "start"}`;
  view.replaceChildren(...[make(rest, query)].flat(Infinity).filter(Boolean));
  site.shown = name === "table" ? location.hash : address;
  const heading = view.querySelector("h1")?.textContent;
  document.title = name && heading ? `${heading} · ${siteData.index.title}` : siteData.index.title;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};

site.start = () => {
  const panel = document.getElementById("panel");
  panel.addEventListener("close", () => {
    if (site.closing) site.closing = false;
    else history.pushState(null, "", site.shown);
  });
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  addEventListener("hashchange", site.show);
  let timer = 0;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => site.redraw?.(), 100); });
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", () => site.redraw?.());
  document.getElementById("foot").append(site.facts().join(" · "), " ", siteData.index.source ? site.outside(siteData.index.source, "Source") : "");
  site.show();
};

siteData.load("index").then(site.start, (error) => document.getElementById("view").replaceChildren(site.el("h1", {}, "The results are missing"), site.el("p", {}, error.message)));
