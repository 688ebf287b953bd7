/** What is late and where; the categories; the flow as nodes and links. */

import { el, svg, table } from "./dom.js";
import { amount, channelName, longTime, say } from "./words.js";

/** What is overdue: how many, who has them, the oldest ones. */
export function late(found, onticket) {
  if (!found.total) return el("p", { className: "nothing" }, say("late_none"));
  const unit = (entry) => el("li", {}, el("span", { className: "mark" }, `${entry.unit ? entry.unit.name : say("nobody")} `, el("strong", {}, amount(entry.tickets))));
  const row = (item) => el("li", { className: "row-line" },
    el("button", { type: "button", className: "ticket", onclick: () => onticket(item.number) }, item.number),
    el("span", { className: "mark bad" }, say("late_by", { time: longTime(item.overdue_minutes * 60) })),
    el("span", { className: "soft small" }, `${item.place.name} · ${item.holder ? item.holder.name : say("nobody")} · ${say(`status_${item.status}`)}`));
  return el("div", {},
    el("p", { className: "total" }, amount(found.total), el("small", {}, ` ${say("figure")}`)),
    el("h3", { className: "unseen" }, say("late_units")),
    el("ul", { className: "late-units" }, found.units.map(unit), found.more_units > 0 && el("li", { className: "soft small" }, say("more_units", { n: amount(found.more_units) }))),
    el("ul", { className: "rows" }, found.items.map(row)),
    el("p", { className: "caption" }, say("late_note")));
}

/** The categories most was received of, with shares and what became of them. */
export function categories(found, onpick) {
  if (!found.received) return el("p", { className: "nothing" }, say("nothing"));
  const most = Math.max(...found.rows.map((row) => row.received));
  const row = (one) => el("li", {}, el("div", { className: "row-line" },
    el("button", { type: "button", className: "ticket", onclick: () => onpick(one) }, one.name),
    el("span", { className: "number big" }, amount(one.received)),
    el("span", { className: "soft small" }, [one.above, say("share_of", { share: one.share })].filter(Boolean).join(" · ")),
    el("span", { className: "soft small number" }, `${say("completion_short")} ${one.completed.shown} · ${say("satisfied_short")} ${one.satisfied.shown}`)),
  svg("svg", { className: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { className: "track", width: 100, height: 6, rx: 1 }), svg("rect", { className: "fill", width: Math.max(0.5, (100 * one.received) / most), height: 6, rx: 1 })));
  const rest = found.others.categories > 0 && el("p", { className: "caption" }, `${say("categories_rest", { n: found.others.categories })}: ${amount(found.others.received)} · ${say("share_of", { share: found.others.share })}`);
  return el("div", {}, el("ul", { className: "rows" }, found.rows.map(row)), rest);
}

/** The categories as a table. */
export function categoryTable(found) {
  const rows = found.rows.map((row) => [row.name, amount(row.received), `${row.share}%`, row.completed.shown, row.satisfied.shown]);
  return table(say("categories"), say("categories_head").split("|"), rows);
}

const TIERS = ["grid", "village", "township", "county", "city", ""];
const OUTCOMES = { completed: "good", open: "series-2" };
const tierName = (tier) => (tier ? say(tier) : say("tier_none"));

/** What is in figures: each node then shows exactly the tickets its list has. What was left out is told beside. */
const counted = (found) => found.streams.filter((one) => one.outcome === "completed" || one.outcome === "open");

/** On a phone the small channels go together: their names would lie upon each other. */
function gathered(found) {
  const counts = new Map();
  for (const one of counted(found)) counts.set(one.channel, (counts.get(one.channel) || 0) + one.tickets);
  const small = [...counts].filter(([, count]) => count < 0.05 * found.received).map(([channel]) => channel);
  if (small.length < 2) return counted(found);
  return counted(found).map((one) => (small.includes(one.channel) ? { ...one, channel: "", label: say("other_channels", { n: small.length }) } : one));
}

/** What the flow is drawn from: nodes in three columns, links between them. */
export function streams(found, narrow) {
  const nodes = new Map();
  const links = new Map();
  const node = (name, label, colour, depth) => nodes.set(name, { name, label, colour, depth });
  const link = (source, target, value) => links.set(`${source}>${target}`, { source, target, value: (links.get(`${source}>${target}`)?.value || 0) + value });
  for (const one of narrow ? gathered(found) : counted(found)) {
    const [from, by, to] = [`c:${one.channel}`, `t:${one.tier}`, `o:${one.outcome}`];
    node(from, one.label || channelName(one.channel, found.channels[one.channel]), "series-3", 0);
    node(by, tierName(one.tier), `series-${[1, 5, 6, 4, 4, 2][TIERS.indexOf(one.tier)]}`, 1);
    node(to, say(one.outcome), OUTCOMES[one.outcome], 2);
    link(from, by, one.tickets);
    link(by, to, one.tickets);
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

/** The flow as a table. */
export function flowTable(found) {
  const rows = [...found.streams].sort((a, b) => b.tickets - a.tickets).map((one) => [channelName(one.channel, found.channels[one.channel]), tierName(one.tier), say(one.outcome), amount(one.tickets)]);
  return table(say("flow"), say("flow_head").split("|"), rows);
}
