/** Making elements. Text is always text: nothing that came from a door is ever read as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes by name, `on…` functions as listeners, children as elements or text. null and false are left out. */
export function el(name, given = {}, ...children) {
  return made(document.createElement(name), given, children);
}

/** The same in SVG. */
export function svg(name, given = {}, ...children) {
  return made(document.createElementNS(SVG, name), given, children);
}

function made(node, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
  }
  for (const child of children.flat(3)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** The element with this id. */
export const at = (id) => document.getElementById(id);

/** A table: the plain form of a picture. `rows` are lists of cells; numbers stand right. */
export function table(caption, head, rows) {
  const cell = (value, index) => el(index ? "td" : "th", { className: index ? "number" : "", scope: index ? null : "row" }, String(value ?? "—"));
  return el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {},
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, head.map((name, index) => el("th", { scope: "col", className: index ? "number" : "" }, name)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
}

/** What stands where something is still asked for. */
export function waiting(lines, words) {
  return el("div", { className: "waiting", role: "status" }, el("span", { className: "unseen" }, words), Array.from({ length: lines }, () => el("i", { "aria-hidden": "true" })));
}
