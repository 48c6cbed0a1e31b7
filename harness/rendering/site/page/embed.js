"use strict";
// What shows a result in another page: a link, and the badge of a case or environment, as Markdown and HTML.

// The address of the site. A page that was opened from a folder does not know it.
site.address = () => {
  const own = /^https?:$/.test(location.protocol) ? location.href : siteData.index.address;
  return own ? own.replace(/#.*/, "").replace(/\?.*/, "").replace(/(index\.html|([^/]))$/, (end) => (end === "index.html" ? "" : `${end}/`)) : "https://ADDRESS-OF-THIS-SITE/";
};

site.asMarkdown = (text) => text.replace(/[\\`*_[\]<>~$|]/g, "\\$&").replace(/@/g, "@<!-- -->");
site.asHtml = (text) => text.replace(/[&<>"]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[each]);
site.inMarkdown = (address) => address.replace(/[()]/g, (each) => (each === "(" ? "%28" : "%29"));

// Lines to copy; `picture` is the path of a badge in the site, or null for a link without a picture.
site.snippets = (text, view, picture) => {
  const address = site.address();
  const shown = picture ? [`![${site.asMarkdown(text)}](${address}${picture})`, `<img src="${address}${picture}" alt="${site.asHtml(text)}">`]
    : [site.asMarkdown(text), site.asHtml(text)];
  return [["Markdown", `[${shown[0]}](${site.inMarkdown(address + view)})`], ["HTML", `<a href="${site.asHtml(address + view)}">${shown[1]}</a>`]];
};

site.snippetBlock = (what, snippets) => snippets.map(([language, text]) => site.el("div", {},
  site.el("p", { class: "snippet" }, `${what} as ${language} `, site.copy(text, `${what} as ${language}`)), site.el("pre", { class: "code wrap", tabindex: "0" }, text)));

site.unknownAddress = () => (site.address().includes("ADDRESS-OF-THIS-SITE")
  ? site.el("p", { class: "quiet" }, "This page was opened from a folder: put in the address at which you publish it.") : null);

site.badgePicture = (picture, text) => site.el("p", {}, site.el("img", { src: picture, alt: text, height: 20, class: "badge-picture" }));

// `text` is what the badge is about, `picture` its path, `view` the address that it leads to.
site.embed = (text, picture, view) => site.el("details", { class: "embed" }, site.el("summary", {}, "Badge for a page or an issue"),
  site.badgePicture(picture, text), site.snippetBlock("Badge", site.snippets(text, view, picture)), site.unknownAddress());

site.embedCell = (cell) => {
  const { each, kind, environment, writer } = cell, picture = `cases/${each.file}.svg`;
  const words = `${each.case} in ${site.version(environment)}${writer ? `, written in ${site.version(writer)}` : ""}: ${kind.mark} ${site.meaning(kind)}`;
  return site.el("details", { class: "embed" }, site.el("summary", {}, "Link and badge for a page or an issue"),
    site.snippetBlock("Link to this cell", site.snippets(words, site.cellAddress(cell.id), null)),
    site.badgePicture(picture, each.case),
    site.snippetBlock("Badge of the case", site.snippets(each.case, `#/case/${site.encode(each.case)}`, picture)), site.unknownAddress());
};
