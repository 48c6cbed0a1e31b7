"use strict";
// Creates nodes. Text is always text: nothing here or elsewhere parses markup.
const site = {};

site.el = (name, properties, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

// An address that leaves the page; anything but a web address becomes text.
site.outside = (address, text) =>
  /^https?:\/\//.test(address || "")
    ? site.el("a", { href: address, rel: "noopener noreferrer", class: "outside" }, text || address)
    : site.el("span", {}, text || address || "");

site.copy = (text, name) => {
  const button = site.el("button", { type: "button", class: "copy", "aria-label": `Copy ${name}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await site.toClipboard(text);
    button.textContent = done ? "Copied" : "Select and copy";
    site.say(done ? `Copied ${name}` : `Could not copy ${name}`);
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
};

site.toClipboard = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = site.el("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
};

site.say = (text) => (document.getElementById("said").textContent = text);

// Part of an address: readable where that is safe.
site.encode = (text) => encodeURIComponent(text).replace(/%(3D|2C|40|2B)/g, (part) => decodeURIComponent(part));
site.count = (number, noun, plural) => `${number.toLocaleString("en")} ${number === 1 ? noun : plural || noun + "s"}`;
