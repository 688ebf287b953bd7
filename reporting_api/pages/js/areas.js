/** One figure by township, village or grid: bars with intervals, and the schematic map. */

import { el, svg, table } from "./dom.js";
import { amount, nameOf, placeName, say } from "./words.js";

const ROW = Math.sqrt(3) / 2;
const FEW = 5;
const value = (row, kind) => (kind === "rate" ? (row.percent === null ? null : Number(row.percent)) : row.numerator);
const shownAs = (row, kind) => (kind === "rate" ? row.shown : amount(row.numerator));

/** The rows in the order somebody chose; those without data last. */
function sorted(rows, kind, order) {
  const empty = (row) => Number(value(row, kind) === null);
  const by = {
    value: (a, b) => value(b, kind) - value(a, kind),
    size: (a, b) => (b.denominator ?? b.numerator) - (a.denominator ?? a.numerator),
    name: (a, b) => (a.key < b.key ? -1 : 1),
  }[order];
  return [...rows].sort((a, b) => empty(a) - empty(b) || by(a, b) || (a.key < b.key ? -1 : 1));
}

/** The bars. `mean` is the whole area's figure; `onpick(row)` opens one. */
export function bars(areas, mean, order, onpick) {
  const { kind, rows } = areas;
  const known = rows.filter((row) => value(row, kind) !== null);
  if (!known.some((row) => value(row, kind) || row.denominator)) return el("p", { className: "nothing" }, say("nothing"));
  const [low, high] = ends(known, kind);
  const x = (number) => (100 * (Math.min(high, Math.max(low, number)) - low)) / (high - low);
  const line = (row) => {
    const here = value(row, kind);
    const words = `${row.name} ${shownAs(row, kind)}${kind === "rate" && here !== null ? ` (${amount(row.numerator)}/${amount(row.denominator)}), ${say("interval")} ${row.lower}–${row.upper}%` : ""}`;
    return el("li", {}, el("button", { type: "button", onclick: () => onpick(row), title: words, "aria-label": words },
      el("span", { className: "who" }, placeName(row.name)),
      svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
        here !== null && svg("rect", { className: "bar-fill", x: 0, y: 4, height: 12, width: Math.max(0.4, x(here)), rx: 1 }),
        mean !== null && svg("path", { className: "bar-mean", d: `M${x(mean)} 0V20`, "vector-effect": "non-scaling-stroke" }),
        here !== null && row.lower !== null && svg("path", { className: "bar-range", fill: "none", "vector-effect": "non-scaling-stroke", d: `M${x(row.lower)} 10H${x(row.upper)}M${x(row.lower)} 6V14M${x(row.upper)} 6V14` })),
      el("span", { className: "much" }, shownAs(row, kind))));
  };
  return el("div", {},
    el("div", { className: "bars-head", "aria-hidden": "true" }, el("span"), el("span", { className: "ends" }, el("span", {}, tick(low, kind)), el("span", {}, tick(high, kind))), el("span")),
    el("ul", { className: `bars${rows.length > 24 ? " limited" : ""}`, tabindex: rows.length > 24 ? "0" : null }, sorted(rows, kind, order).map(line)));
}

const tick = (number, kind) => (kind === "rate" ? `${number}%` : amount(number));

/** Where the axis begins and ends. Rates are cut below where all lie high, said at the axis; counts begin at 0. */
function ends(rows, kind) {
  if (kind !== "rate") return [0, Math.max(1, ...rows.map((row) => value(row, kind)))];
  const lowest = Math.min(...rows.map((row) => row.lower ?? value(row, kind)));
  const highest = Math.max(...rows.map((row) => row.upper ?? value(row, kind)));
  const begin = Math.max(0, Math.floor((lowest - 2) / 10) * 10);
  return [begin, Math.max(Math.min(100, Math.ceil(highest / 10) * 10), begin + 1)];
}

/** The same as a table. */
export function areaTable(areas, order) {
  const rate = areas.kind === "rate";
  const head = rate ? [say("area"), say("value"), say("numerator"), say("denominator"), say("interval")] : [say("area"), say("value")];
  const rows = sorted(areas.rows, areas.kind, order).map((row) => (rate
    ? [row.name, row.shown, amount(row.numerator), amount(row.denominator), row.lower === null ? "—" : `${row.lower}–${row.upper}%`] : [row.name, amount(row.numerator)]));
  return table(nameOf(areas), head, rows);
}

/** The map: one hexagon for each area, shaded in five steps of equal number; thicker lines where the area above changes. */
export function map(areas, onpick, ontell) {
  const placed = areas.rows.filter((row) => row.x !== null);
  if (!placed.length) return el("p", { className: "nothing" }, say("nothing"));
  const steps = stepsOf(placed.filter((row) => !few(row, areas.kind)).map((row) => value(row, areas.kind)).filter((number) => number !== null));
  const [wide, high] = [Math.max(...placed.map((row) => row.x)), Math.max(...placed.map((row) => row.y))];
  const hex = (row) => {
    const words = `${row.name}${parent(areas, row)} ${shownAs(row, areas.kind)}${areas.kind === "rate" && row.denominator ? ` (${amount(row.numerator)}/${amount(row.denominator)})` : ""}`;
    const tell = () => ontell(words);
    return svg("path", { className: `hex ${few(row, areas.kind) ? "few" : `shade-${shade(row, areas.kind, steps)}`}`, d: outline(row.x, row.y), onclick: () => onpick(row), onmouseenter: tell }, svg("title", {}, words));
  };
  return el("div", {},
    svg("svg", { className: "map", viewBox: `-0.75 -0.75 ${wide + 1.5} ${high + 1.5}`, role: "img", "aria-label": `${nameOf(areas)}, ${say("as_table")}` },
      hatch(), placed.map(hex), edges(placed), labels(areas, placed)),
    legend(steps, areas.kind, placed.some((row) => few(row, areas.kind))));
}

/** Too few tickets for a colour to mean anything: hatched, the number is told all the same. */
const few = (row, kind) => kind === "rate" && row.denominator > 0 && row.denominator < FEW;

const hatch = () => svg("defs", {}, svg("pattern", { id: "few", width: 0.25, height: 0.25, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  svg("rect", { className: "few-ground", width: 0.25, height: 0.25 }), svg("path", { className: "few-lines", d: "M0 0V.25" })));

const parent = (areas, row) => {
  const above = areas.parents.length > 1 && areas.parents.find((unit) => unit.code === row.parent);
  return above ? ` · ${above.name}` : "";
};

const corner = (x, y, size, number) => {
  const angle = (Math.PI / 3) * number - Math.PI / 6;
  return [x + size * Math.cos(angle), y + size * Math.sin(angle)];
};

/** From one corner of a hexagon round to the others: the same for all. */
const HEX = 0.575;
const CORNERS = Array.from({ length: 6 }, (_, number) => corner(0, 0, HEX, number));
const ROUND = CORNERS.slice(1).map(([x, y], index) => `l${(x - CORNERS[index][0]).toFixed(3)} ${(y - CORNERS[index][1]).toFixed(3)}`).join("");
const outline = (x, y) => `M${(x + CORNERS[0][0]).toFixed(3)} ${(y + CORNERS[0][1]).toFixed(3)}${ROUND}Z`;

/** Lines between hexagons of different parents. Side n of a hexagon lies between its corners n and n + 1. */
function edges(placed) {
  const at = new Map(placed.map((row) => [`${Math.round(row.x * 2)},${Math.round(row.y / ROW)}`, row.parent]));
  const beside = [[2, 0], [1, 1], [-1, 1]]; // right, below right, below left: each pair is met once
  let path = "";
  for (const row of placed) {
    beside.forEach(([right, down], side) => {
      const other = at.get(`${Math.round(row.x * 2) + right},${Math.round(row.y / ROW) + down}`);
      if (other === undefined || other === row.parent) return;
      const [from, to] = [corner(row.x, row.y, 0.577, side), corner(row.x, row.y, 0.577, side + 1)];
      path += `M${from.map((number) => number.toFixed(3)).join(" ")}L${to.map((number) => number.toFixed(3)).join(" ")}`;
    });
  }
  return path && svg("path", { className: "edge", d: path });
}

/** The names of the areas above, each in the middle of its own; of the areas themselves where there are few. */
function labels(areas, placed) {
  const write = (x, y, words) => svg("text", { className: "label", x: x.toFixed(2), y: y.toFixed(2) }, words);
  if (areas.parents.length < 2) return placed.length <= 40 ? placed.map((row) => svg("text", { className: "label small", x: row.x, y: row.y }, placeName(row.name).slice(0, 5))) : null;
  return areas.parents.map((unit) => {
    const own = placed.filter((row) => row.parent === unit.code);
    if (own.length < 3) return null;
    return write(own.reduce((sum, row) => sum + row.x, 0) / own.length, own.reduce((sum, row) => sum + row.y, 0) / own.length, placeName(unit.name).replace(/[镇乡]$/, ""));
  });
}

/** Bounds that part the numbers into five groups of about the same size; fewer where many are equal. */
function stepsOf(numbers) {
  const ordered = [...numbers].sort((a, b) => a - b);
  const bounds = [0.2, 0.4, 0.6, 0.8].map((part) => ordered[Math.floor(part * (ordered.length - 1))]);
  return [...new Set(bounds)].filter((bound) => bound !== undefined && bound > ordered[0]);
}

function shade(row, kind, steps) {
  const number = value(row, kind);
  if (number === null) return 0;
  const step = steps.filter((bound) => number >= bound).length;
  return 1 + Math.round((step * 4) / Math.max(1, steps.length));
}

function legend(steps, kind, anyFew) {
  const unit = kind === "rate" ? "%" : "";
  const box = (number, words) => el("span", {}, svg("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, svg("rect", { className: number ? `shade-${number}` : "void", width: 14, height: 14, rx: 3 })), words);
  const text = (number) => (kind === "rate" ? number.toFixed(1) : amount(number)) + unit;
  const groups = Array.from({ length: steps.length + 1 }, (_, step) => box(1 + Math.round((step * 4) / Math.max(1, steps.length)),
    step === 0 ? (steps.length ? `< ${text(steps[0])}` : "●") : step === steps.length ? `≥ ${text(steps[step - 1])}` : `${text(steps[step - 1])}–${text(steps[step])}`));
  const sparse = anyFew && el("span", {}, svg("svg", { viewBox: "0 0 2 2", "aria-hidden": "true" }, svg("rect", { className: "few", width: 2, height: 2, rx: 0.4 })), say("few", { n: FEW }));
  return el("div", { className: "legend" }, groups, sparse, box(0, `— ${say("no_data")}`));
}
