/** Pictures drawn by ECharts. It is loaded while the doors are asked; what needs no picture does not wait for it. */

import { amount, say } from "./words.js";

const LIBRARY = "/pages/vendor/echarts-6.1.0-2/echarts.js";
const drawn = new Map();
const library = import(LIBRARY);
library.catch(() => {}); // said by whoever wants to draw
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Draw `option` (made by `make(colour)` anew at each change of theme) in `box`; `onclick` gets what was clicked. */
async function draw(box, make, onclick) {
  const { init } = await library;
  drawn.get(box)?.chart.dispose();
  const chart = init(box, null, { renderer: "svg" });
  const show = () => chart.setOption({ animation: !still(), animationDuration: 300, aria: { enabled: false }, ...make(colour) }, true);
  show();
  if (onclick) chart.on("click", onclick);
  drawn.set(box, { chart, show });
}

/** Forget pictures whose boxes have left the page. */
export function tidy() {
  for (const [box, { chart }] of drawn) {
    if (!box.isConnected) {
      chart.dispose();
      drawn.delete(box);
    }
  }
}

addEventListener("resize", () => drawn.forEach(({ chart }) => chart.resize()));
addEventListener("beforeprint", () => drawn.forEach(({ chart }) => chart.resize()));
for (const change of ["daguanjia-theme"]) addEventListener(change, () => drawn.forEach(({ show }) => show()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(({ show }) => show()));

const TYPE = '"PingFang SC","HarmonyOS Sans SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif';

const tip = (ink) => ({
  renderMode: "richText", confine: true, backgroundColor: ink("panel"), borderColor: ink("line"), textStyle: { color: ink("ink"), fontFamily: TYPE, fontSize: 13 },
});

/** The course of one figure by month. `unit` is % for rates. */
export function line(box, months, values, unit, onpick) {
  const numbers = values.map((value) => (value === null ? null : Number(value)));
  return draw(box, (ink) => ({
    textStyle: { fontFamily: TYPE },
    grid: { left: 8, right: 18, top: 18, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", ...tip(ink), valueFormatter: (value) => (value === undefined || value === null ? "—" : `${value}${unit}`) },
    xAxis: {
      type: "category", data: months, boundaryGap: false, axisTick: { show: false }, axisLine: { lineStyle: { color: ink("line") } },
      axisLabel: { color: ink("soft"), formatter: (month) => (month.endsWith("-01") ? month.slice(0, 4) : `${Number(month.slice(5))}${say("month") === "本月" ? "月" : ""}`) },
    },
    yAxis: {
      type: "value", scale: unit === "%", axisLabel: { color: ink("soft"), formatter: `{value}${unit}` }, splitLine: { lineStyle: { color: ink("line"), opacity: 0.7 } },
      max: ({ max }) => (unit === "%" && max > 97 ? Math.max(100, Math.ceil(max)) : null), splitNumber: 4,
      min: ({ min, max }) => (unit === "%" ? Math.max(0, Math.floor(min - 0.15 * (max - min))) : 0), // room for the last value under its point
    },
    series: [{
      type: "line", data: numbers, smooth: 0.25, symbolSize: 8, lineStyle: { width: 3, color: ink("series-1") }, itemStyle: { color: ink("series-1") },
      areaStyle: { color: ink("series-1"), opacity: 0.1 }, connectNulls: false,
      label: { show: true, formatter: ({ dataIndex, value }) => (dataIndex === numbers.length - 1 && value !== undefined ? `${value}${unit}` : ""), color: ink("ink"), fontWeight: 600, fontSize: 13, position: numbers.at(-1) < numbers.at(-2) ? "bottom" : "top", offset: [-14, 0] },
    }],
  }), onpick && (({ dataIndex }) => onpick(dataIndex)));
}

/** Where matters go. `nodes` are {name, label, colour}, `links` {source, target, value}. */
export function sankey(box, nodes, links, onpick) {
  const labels = new Map(nodes.map((node) => [node.name, node.label]));
  return draw(box, (ink) => ({
    textStyle: { fontFamily: TYPE },
    tooltip: {
      trigger: "item", ...tip(ink),
      formatter: ({ dataType, data, value }) => (dataType === "edge" ? `${labels.get(data.source)} → ${labels.get(data.target)}  ${value}` : `${labels.get(data.name)}  ${value}`),
    },
    series: [{
      type: "sankey", left: 4, right: box.clientWidth < 480 ? 88 : 96, top: 8, bottom: 8, nodeWidth: 12, nodeGap: box.clientWidth < 480 ? 9 : 12, layoutIterations: 40, draggable: false,
      emphasis: { focus: "adjacency" }, lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
      label: { color: ink("ink"), fontSize: 12, fontFamily: TYPE, formatter: ({ name, value }) => `${labels.get(name)} ${amount(value)}` },
      data: nodes.map((node) => ({ name: node.name, depth: node.depth, itemStyle: { color: ink(node.colour) } })), links,
    }],
  }), onpick && (({ dataType, data }) => onpick(dataType, data)));
}
