/** The dashboard: who, where and when; what each panel asks for; what happens when it is pressed. The address keeps all of it. */

import { areaTable, bars, map } from "./areas.js";
import { line, sankey, tidy } from "./charts.js";
import { at, el, table, waiting } from "./dom.js";
import { door, knock, returned } from "./door.js";
import { define, ticket, tickets, wrong } from "./drill.js";
import { categories, categoryTable, flowTable, late, streams } from "./lists.js";
import { dayOf, instant, instantOf, KINDS, localOf, picked, today } from "./period.js";
import { ask, leave, onLeft, Refused, session } from "./session.js";
import { cameBack } from "./sign_on.js";
import { tile } from "./tiles.js";
import { amount, channelName, language, longTime, nameOf, say, sayPage, shortOf, turnLanguage } from "./words.js";

const STALE = 60;
const state = { period: "month", first: null, last: null, unit: null, metric: "satisfaction_rate", order: "value", as_of: null };
const told = {};
let asked = new AbortController();
let shownTo = null;

/* -- the address ------------------------------------------------------------------------------------------------------ */

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state)) if (given.has(name)) state[name] = given.get(name);
  if (!KINDS.includes(state.period)) state.period = "month";
  if (!["value", "name", "size"].includes(state.order)) state.order = "value";
  if (state.period === "free" && !(state.first && state.last)) state.period = "month";
  if (state.as_of && !passed(state.as_of)) state.as_of = null;
}

/** Whether a text is an instant that has come. */
const passed = (iso) => iso.includes("T") && Date.parse(iso) <= Date.now();

function writeAddress() {
  const kept = Object.entries(state).filter(([name, value]) => value && (state.period === "free" || !["first", "last"].includes(name)));
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
}

const days = () => (state.period === "free" ? [state.first, state.last] : picked(state.period, dayOf(state.as_of)));

function question(more = {}) {
  const [from, to] = days();
  return Object.fromEntries(Object.entries({ from, to, unit: state.unit, as_of: state.as_of, ...more }).filter(([, value]) => value));
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

const PANELS = {
  late: () => `/v1/dashboard/late?${new URLSearchParams(Object.entries({ limit: 5, unit: state.unit, as_of: state.as_of }).filter(([, value]) => value))}`,
  bars: () => `/v1/dashboard/areas?${new URLSearchParams(question({ metric: state.metric }))}`,
  map: () => `/v1/dashboard/areas?${new URLSearchParams(question({ metric: state.metric, by: mapTier() }))}`,
  flow: () => `/v1/dashboard/flow?${new URLSearchParams(question())}`,
  categories: () => `/v1/dashboard/categories?${new URLSearchParams(question({ limit: 10 }))}`,
};

/** The map shows one tier more than the bars: villages of a county, grids of a township. */
const mapTier = () => ({ county: "unit:village", township: "unit:grid" })[tierGuess()] || "";

/** Tier of the unit on view, before its overview has come: by the length of its code in the national division codes. */
const tierGuess = () => told.overview?.tier && (!state.unit || told.overview.unit?.code === state.unit) ? told.overview.tier
  : !state.unit ? "county" : { 6: "county", 9: "township", 12: "village" }[state.unit.length] || "grid";

async function refresh(which = ["overview", ...Object.keys(PANELS)]) {
  writeAddress();
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  for (const name of which) busy(name);
  const one = async (name, address) => {
    try {
      told[name] = await ask(address, { signal });
      if (!signal.aborted) show(name);
    } catch (problem) {
      if (problem.name !== "AbortError") failed(name, problem);
    }
  };
  await Promise.all(which.map((name) => one(name, name === "overview" ? `/v1/dashboard/overview?${new URLSearchParams(question())}` : PANELS[name]())));
  tidy();
}

function busy(name) {
  const box = name === "overview" ? at("tiles") : panel(name).body;
  if (box.childElementCount) box.classList.add("busy");
  else box.append(waiting(name === "overview" ? 3 : 6, say("loading")));
}

function failed(name, problem) {
  if (problem instanceof Refused && problem.status === 401) return showDoor(say("over"));
  const box = name === "overview" ? at("tiles") : panel(name).body;
  box.classList.remove("busy");
  if (problem.status === 403 && state.unit) return box.replaceChildren(wrong(problem, () => { state.unit = null; refresh(); }, say("own_area")));
  box.replaceChildren(wrong(problem, () => refresh([name])));
  return undefined;
}

/* -- showing ---------------------------------------------------------------------------------------------------------- */

const panel = (name) => ({ title: at(`${name}-title`), head: at(`${name}-panel`).querySelector("header"), body: at(`${name}-panel`).querySelector(".body") });

function fill(name, title, ...children) {
  const { title: heading, body } = panel(name);
  heading.textContent = title;
  body.classList.remove("busy");
  body.replaceChildren(...children.filter(Boolean));
  return body;
}

/** The plain form of a picture, folded away, and made when somebody wants it: hundreds of rows cost more than all pictures. */
function plain(make) {
  const box = el("details", { className: "plain", ontoggle: () => { if (box.open && box.childElementCount === 1) box.append(make()); } }, el("summary", {}, say("as_table")));
  return box;
}

const SHOW = {
  overview() {
    const { overview } = told;
    if (overview.unit) state.unit = overview.unit.code;
    showStand(overview);
    showWhere(overview);
    at("tiles").classList.remove("busy");
    at("tiles").replaceChildren(...overview.figures.map((figure) => tile(figure, figure === chosen(), begun(overview), () => choose(figure), () => define(figure, overview, question()))));
    showTrend();
    if (told.bars) show("bars");
  },
  late() {
    fill("late", say("late"), late(told.late, ticket));
  },
  bars() {
    const found = told.bars;
    const figure = chosen();
    const mean = figure && found.kind === "rate" && !figure.now.no_data && found.metric === figure.metric ? Number(figure.now.percent) : null;
    const pick = (row) => (row.key === "-" ? undefined : areaChoice(found, row));
    fill("bars", say("bars", { tier: say(found.by.slice(5)), name: shortOf(found) }), bars(found, mean, state.order, pick),
      el("p", { className: "caption" }, found.kind === "rate" ? say("bars_note", { value: figure?.now.shown || "—" }) : say("bars_note_count")), plain(() => areaTable(found, state.order)));
    sortPicker();
  },
  map() {
    const found = told.map;
    const tip = el("p", { className: "tip", role: "status" }, say("map_hint"));
    const drawn = map(found, (row) => areaChoice(found, row), (words) => { tip.textContent = words; });
    const tier = say(found.by.slice(5));
    fill("map", say("map", { tier, name: shortOf(found) }), tip, drawn, el("p", { className: "caption" }, say(`map_${found.map}`, { tier })), plain(() => areaTable(found, "value")));
  },
  flow() {
    const found = told.flow;
    if (!found.received) return fill("flow", say("flow"), el("p", { className: "nothing" }, say("nothing")));
    const box = el("div", { className: "chart flow", role: "img", "aria-label": `${say("flow")}. ${say("flow_note", found)}` });
    fill("flow", say("flow"), box, el("p", { className: "caption" }, say("flow_note", { received: amount(found.received), left_out: amount(found.left_out) }), " ", leftOut(found)), plain(() => flowTable(found)));
    const { nodes, links } = streams(found, box.clientWidth < 480);
    return sankey(box, nodes, links, pickStream);
  },
  categories() {
    const found = told.categories;
    const pick = (row) => tickets({ metric: "received" }, question({ by: "category", key: row.key }), row.name);
    fill("categories", say("categories"), categories(found, pick), found.received ? plain(() => categoryTable(found)) : null);
  },
};

function show(name) {
  SHOW[name]();
}

const chosen = () => told.overview?.figures.find((figure) => figure.metric.split("@")[0] === state.metric) || told.overview?.figures[0];

/** Whether the last month of the period is not over yet. */
const begun = (overview) => Number(new Date(Date.parse(overview.period.last) + 86400000).toISOString().slice(8, 10)) !== 1;

function choose(figure) {
  state.metric = figure.metric.split("@")[0];
  show("overview");
  refresh(["bars", "map"]);
}

function showStand(overview) {
  const current = state.as_of ? say("known_then_short") : say("current");
  const fresh = overview.stale_seconds < 2 ? current : say("behind", { seconds: longTime(overview.stale_seconds) });
  const place = overview.unit ? overview.unit.name : say("everything");
  at("stand").replaceChildren(`${say("stand", { place, ...overview.period, as_of: instant(overview.as_of, language()) })} · ${fresh}`);
  at("notes").replaceChildren(...[
    state.as_of && el("p", { className: "said", role: "status" }, say("known_then", { as_of: instant(state.as_of, language()) })),
    overview.stale_seconds >= STALE && el("p", { className: "said warn", role: "status" }, say("stale", { seconds: longTime(overview.stale_seconds) })),
    !overview.whole && el("p", { className: "said" }, say("partly")),
  ].filter(Boolean));
}

function showWhere(overview) {
  const go = (code) => { state.unit = code; refresh(); };
  const above = overview.above.map((unit) => [el("button", { type: "button", className: "quiet", onclick: () => go(unit.code) }, unit.name), el("span", { "aria-hidden": "true" }, "›")]);
  const here = el("span", { className: "here", "aria-current": "page" }, overview.unit ? overview.unit.name : say("everything"));
  const below = overview.below.length > 0 && el("select", { "aria-label": say("open_area", { name: "" }), onchange: (event) => event.target.value && go(event.target.value) },
    el("option", { value: "" }, say("choose_below")),
    overview.below.map((unit) => el("option", { value: unit.code }, unit.name)));
  at("where").hidden = false;
  at("where").replaceChildren(...above.flat(), here, ...(below ? [below] : []));
}

function showTrend() {
  const figure = chosen();
  const { overview } = told;
  const unit = figure.kind === "rate" ? "%" : "";
  const months = overview.months.map((day) => day.slice(0, 7));
  const box = el("div", { className: "chart", role: "img", "aria-label": `${say("trend", { name: nameOf(figure) })}: ${figure.series.map((value, index) => `${months[index]} ${value ?? "—"}${value === null ? "" : unit}`).join(", ")}` });
  fill("trend", say("trend", { name: nameOf(figure) }), box, el("p", { className: "caption" }, say("trend_note", { last: overview.period.last })),
    plain(() => table(nameOf(figure), [say("month_head"), say("value")], months.map((month, index) => [month, figure.series[index] === null ? "—" : figure.series[index] + unit]))));
  const head = panel("trend").head;
  head.querySelector(".what")?.remove();
  head.append(el("button", { type: "button", className: "what", "aria-label": say("about", { name: nameOf(figure) }), onclick: () => define(figure, overview, question()) }, "ⓘ"));
  const month = (index) => tickets(figure, { ...question({ by: "month", key: overview.months[index] }), from: overview.months[0] }, `${shortOf(figure)} ${months[index]}`);
  line(box, months, figure.series, unit, month);
}

function sortPicker() {
  const { head } = panel("bars");
  head.querySelector("select")?.remove();
  head.append(el("select", { "aria-label": say("sort"), className: "on-screen", onchange: (event) => { state.order = event.target.value; writeAddress(); show("bars"); } },
    ["value", "size", "name"].map((order) => el("option", { value: order, selected: order === state.order }, say({ value: "by_value", size: "by_size", name: "by_name" }[order])))));
}

/** A row of the bars, a hexagon of the map: its definition, its tickets, and going there. */
function areaChoice(found, row) {
  const figure = { ...chosen(), ...found, now: { ...row, no_data: row.shown === "—", value: row.numerator }, previous: null, year_before: null };
  define({ ...figure, name: `${row.name} · ${found.name}`, english: `${row.name} · ${found.english}` }, found, question({ by: found.by, key: row.key }));
  if (found.by !== "unit:grid" && row.x !== null) {
    at("definition").querySelector(".choices").append(el("button", { type: "button", onclick: () => { at("definition").close(); state.unit = row.key; refresh(); } }, say("open_area", { name: row.name })));
  }
}

/** The way to what no figure counts. */
const leftOut = (found) => found.left_out > 0 && el("button", { type: "button", className: "ticket", onclick: () => tickets({ metric: "received" }, question({ part: "excluded" }), say("left_out")) }, say("left_out"));

/** A stream or an end of one: its tickets, by the metric and the filters that count just them. What is open is what remains of a rate. */
function pickStream(kind, data) {
  const ends = Object.fromEntries([data.source, data.target, data.name].filter(Boolean).map((name) => [name[0], name.slice(2)]));
  if (ends.c === "") return; // several small channels drawn as one
  const metric = ends.o ? "completion_rate_received" : "received";
  const tier = ends.t === undefined ? {} : { by: "tier", key: ends.t || "-" };
  const words = [ends.c && channelName(ends.c, told.flow.channels[ends.c]), ends.t !== undefined && (ends.t ? say(ends.t) : say("tier_none")), ends.o && say(ends.o)];
  tickets({ metric }, question({ channel: ends.c, part: ends.o === "open" ? "remainder" : "numerator", ...tier }), words.filter(Boolean).join(" → "));
}

/* -- the bar and the door --------------------------------------------------------------------------------------------- */

function showPeriods() {
  at("periods").replaceChildren(...KINDS.map((kind) => el("button", { type: "button", "aria-pressed": String(state.period === kind), onclick: () => pickPeriod(kind) }, say(kind))));
  at("free").hidden = state.period !== "free";
}

function showThen(open = Boolean(state.as_of)) {
  at("then").hidden = !open;
  at("open-then").hidden = open;
  at("open-then").setAttribute("aria-expanded", String(open));
  if (state.as_of) at("then").elements.instant.value = localOf(state.as_of);
}

/** Show what was known at an instant; null: what is known now. */
function goTo(iso) {
  state.as_of = iso;
  showThen();
  refresh();
}

function pickPeriod(kind) {
  if (kind === "free") {
    [state.first, state.last] = days();
    at("free").elements.from.value = state.first;
    at("free").elements.to.value = state.last;
  }
  state.period = kind;
  showPeriods();
  refresh();
}

/** Leave nothing of what was shown: whoever signs in next, in this tab, may see less. */
function forget() {
  for (const name of Object.keys(told)) delete told[name];
  for (const id of ["definition", "drill"]) {
    at(id).close();
    at(id).replaceChildren();
  }
  for (const box of document.querySelectorAll("#where, #stand, #notes, #tiles, .grid .body")) box.replaceChildren();
}

function showDoor(words = "") {
  asked.abort();
  forget();
  at("board").hidden = true;
  at("where").hidden = true;
  at("leave").hidden = true;
  at("print").hidden = true;
  at("door").hidden = false;
  knock(words);
}

function showBoard() {
  const who = session()?.member.id;
  if (shownTo && shownTo !== who) state.unit = null; // the place of somebody else, whose time was over
  shownTo = who;
  at("door").hidden = true;
  at("board").hidden = false;
  at("leave").hidden = false;
  at("print").hidden = false;
  sayAll();
  refresh();
}

function sayAll() {
  sayPage();
  at("turn-language").textContent = language() === "zh" ? "English" : "中文";
  at("turn-language").lang = language() === "zh" ? "en" : "zh-CN";
  at("leave").textContent = say("leave", { name: session()?.member.name || "" });
  at("foot").replaceChildren(el("p", {}, say("foot")));
  showPeriods();
  showThen();
}

door(showBoard);
at("turn-theme").addEventListener("click", () => window.daguanjiaTheme.turn());
at("turn-language").addEventListener("click", () => {
  turnLanguage();
  sayAll();
  for (const name of ["overview", ...Object.keys(PANELS)]) if (told[name] && !at("board").hidden) show(name);
});
at("print").addEventListener("click", () => print());
at("leave").addEventListener("click", () => {
  leave();
  state.unit = null;
  history.replaceState(null, "", location.pathname);
  showDoor();
});
onLeft(() => {
  state.unit = null;
  history.replaceState(null, "", location.pathname);
  if (at("door").hidden) showDoor();
});
at("free").addEventListener("submit", (event) => {
  event.preventDefault();
  [state.first, state.last] = [event.target.elements.from.value, event.target.elements.to.value].sort();
  if (state.last > today()) state.last = today();
  refresh();
});

const back = cameBack();
at("open-then").addEventListener("click", () => {
  showThen(true);
  at("then").elements.instant.focus();
});
at("then").addEventListener("submit", (event) => {
  event.preventDefault();
  const then = instantOf(event.target.elements.instant.value);
  goTo(passed(then) ? then : null);
});
at("to-now").addEventListener("click", () => goTo(null));

readAddress();
sayAll();
if (session() && !back) showBoard();
else showDoor();
if (back) returned(back);
