/** The headline figures: how much, against before and a year ago, and the course of thirteen months in small. */

import { el, svg } from "./dom.js";
import { amount, basisName, nameOf, say, shortOf } from "./words.js";

/** One tile; `onpick` makes it the figure of the pictures below, `onwhat` asks what it means. */
export function tile(figure, chosen, begun, onpick, onwhat) {
  const [value, unit] = split(figure);
  const made = figure.kind === "rate" && !figure.now.no_data ? `${amount(figure.now.numerator)} / ${amount(figure.now.denominator)}` : figure.now.no_data ? say("no_data") : basisName(figure.period_words);
  return el("div", { className: "tile-box" },
    el("button", { type: "button", className: "tile", "aria-pressed": String(chosen), onclick: onpick, title: nameOf(figure) },
      el("span", { className: "name" }, shortOf(figure)),
      el("span", { className: "value" }, value, unit && el("span", { className: "unit" }, unit)),
      el("span", { className: "made" }, made),
      el("span", { className: "against" }, against(figure, figure.previous, say("before")), against(figure, figure.year_before, say("last_year"))),
      spark(figure.series, begun)),
    el("button", { type: "button", className: "what", onclick: onwhat, "aria-label": say("about", { name: nameOf(figure) }), title: say("definition") }, "ⓘ"));
}

function split(figure) {
  if (figure.now.no_data) return ["—", ""];
  return figure.kind === "rate" ? [figure.now.percent, "%"] : [amount(figure.now.value), ""];
}

/** What changed: percentage points for rates, percent for counts, with an arrow and words, not colour alone. */
function against(figure, other, words) {
  if (other.no_data || figure.now.no_data) return el("span", { className: "even" }, `${words} —`);
  const rate = figure.kind === "rate";
  if (!rate && !other.value) return el("span", { className: "even" }, `${words} 0`);
  const change = rate ? Number(figure.now.percent) - Number(other.percent) : (100 * (figure.now.value - other.value)) / other.value;
  const much = Math.abs(change).toFixed(rate ? 2 : 1);
  const arrow = Number(much) === 0 ? "＝" : change > 0 ? "▲" : "▼";
  const kind = arrow === "＝" || !rate ? "even" : change > 0 ? "up" : "down";
  return el("span", { className: kind, title: `${words}: ${other.shown}` }, `${words} ${arrow}${rate ? say("points", { n: much }) : `${much}%`}`);
}

/** A line without axes; months without data are gaps. `begun`: the last month is not over, the way to it is dashed. */
export function spark(series, begun) {
  const numbers = series.map((value) => (value === null ? null : Number(value)));
  const known = numbers.filter((value) => value !== null);
  if (known.length < 2) return svg("svg", { viewBox: "0 0 120 34", "aria-hidden": "true" });
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (index) => 2 + (index * 114) / (numbers.length - 1);
  const y = (value) => 29 - (high === low ? 12 : ((value - low) / (high - low)) * 24);
  let path = "";
  const whole = begun ? numbers.slice(0, -1) : numbers;
  whole.forEach((value, index) => {
    if (value !== null) path += `${path && numbers[index - 1] !== null ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const last = numbers.findLastIndex((value) => value !== null);
  const [from, to] = [numbers.length - 2, numbers.length - 1];
  const part = begun && numbers[from] !== null && numbers[to] !== null && `M${x(from)} ${y(numbers[from])}L${x(to)} ${y(numbers[to])}`;
  return svg("svg", { viewBox: "0 0 120 34", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { d: path, fill: "none", stroke: "var(--series-1)", "stroke-width": "2", "stroke-linejoin": "round", "stroke-linecap": "round", "vector-effect": "non-scaling-stroke" }),
    part && svg("path", { d: part, className: "part", fill: "none", stroke: "var(--series-1)", "stroke-width": "2", "vector-effect": "non-scaling-stroke" }),
    svg("path", { d: `M${x(last)} ${y(numbers[last])}h.01`, stroke: "var(--series-1)", "stroke-width": "7", "stroke-linecap": "round", "vector-effect": "non-scaling-stroke" }));
}
