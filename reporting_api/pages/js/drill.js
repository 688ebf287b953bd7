/** From a figure to what it means and to the very tickets it counts; from a ticket to what happened to it. */

import { at, el, waiting } from "./dom.js";
import { instant } from "./period.js";
import { ask, intake, Refused } from "./session.js";
import { amount, basisName, channelName, eventName, language, nameOf, say } from "./words.js";

const BY_NUMBERS = new Set(["closed", "completed"]);
let names = null;

/** Names of categories and channels, asked for once. */
const namesOf = () => (names ??= ask("/v1/dashboard/names").catch(() => ({ categories: {}, channels: {} })));

function sheet(id, title, ...children) {
  const dialog = at(id);
  dialog.replaceChildren(
    el("header", {}, el("h2", { id: `${id}-title` }, title), el("button", { type: "button", onclick: () => dialog.close(), autofocus: true }, say("close"))),
    el("div", { className: "body" }, children));
  if (!dialog.open) dialog.showModal();
  return dialog.querySelector(".body");
}

for (const id of ["definition", "drill"]) {
  at(id).addEventListener("click", (event) => { if (event.target === at(id)) at(id).close(); });
}

/** What a figure means, what it was made of and when; and the ways to its tickets. `question` is what it was asked with. */
export function define(figure, stand, question) {
  const rate = figure.kind === "rate";
  const counts = figure.now;
  const go = (part, words, number) => el("button", { type: "button", className: "main", disabled: !number, onclick: () => { at("definition").close(); tickets(figure, { ...question, part }, words); } },
    say(part === "denominator" ? "see_rest" : rate ? "see_numerator" : "tickets_of", { n: amount(number) }));
  sheet("definition", nameOf(figure),
    el("p", { className: "total" }, counts.shown, rate && !counts.no_data && el("small", {}, `  = ${amount(counts.numerator)} / ${amount(counts.denominator)}`)),
    el("div", { className: "fraction" },
      el("div", {}, el("small", { className: "soft" }, rate ? say("numerator") : say("counted")), el("br"), figure.numerator_words),
      rate && el("div", { className: "over", "aria-hidden": "true" }),
      rate && el("div", {}, el("small", { className: "soft" }, say("denominator")), el("br"), figure.denominator_words)),
    el("dl", { className: "facts" },
      fact(say("metric"), figure.metric), fact(say("period_basis"), basisName(figure.period_words)), figure.note && fact(say("note"), figure.note),
      fact(say("period"), `${stand.period.first} – ${stand.period.last}`), fact(say("as_of"), instant(stand.as_of, language())),
      figure.previous && fact(say("before"), figure.previous.shown), figure.year_before && fact(say("last_year"), figure.year_before.shown)),
    el("div", { className: "choices" }, go("numerator", nameOf(figure), counts.numerator), rate && go("denominator", nameOf(figure), counts.denominator)));
}

const fact = (name, words) => [el("dt", {}, name), el("dd", {}, words)];

/** The tickets behind a figure. `question` holds the parameters of /v1/reports/{metric}/tickets. */
export async function tickets(figure, question, words) {
  const { metric, ...asked } = { metric: figure.metric, ...question };
  const body = sheet("drill", words, waiting(8, say("loading")));
  const list = el("ul", { className: "tickets" });
  const more = el("button", { type: "button" });
  let next = null;
  const page = async () => {
    const found = await ask(`/v1/reports/${metric}/tickets?${new URLSearchParams(withoutEmpty({ ...asked, limit: 30, cursor: next }))}`);
    const known = await namesOf();
    next = found.next;
    list.append(...found.items.map((item) => ticketRow(item, known)));
    const left = found.total - list.childElementCount;
    more.hidden = !next;
    more.textContent = say("more", { n: amount(Math.min(30, left)) });
    return found;
  };
  more.addEventListener("click", () => page().catch((problem) => more.replaceWith(wrong(problem))));
  try {
    const found = await page();
    at("drill-title").textContent = say("tickets", { name: words, total: amount(found.total) });
    body.replaceChildren(el("p", { className: "soft small" }, `${metric} · ${say("tickets_note")}`), found.total ? list : el("p", { className: "nothing" }, say("nothing")), more);
  } catch (problem) {
    body.replaceChildren(wrong(problem));
  }
}

/** One ticket alone, as from the list of late ones. */
export function ticket(number) {
  const box = el("div");
  sheet("drill", number, box);
  tell(number, box);
}

function ticketRow(item, known) {
  const story = el("div");
  const open = el("button", { type: "button", className: "quiet", "aria-expanded": "false", onclick: () => {
    const closed = open.getAttribute("aria-expanded") === "false";
    open.setAttribute("aria-expanded", String(closed));
    if (closed) tell(item.number, story); else story.replaceChildren();
  } }, say("story"));
  return el("li", {},
    el("div", { className: "top" }, el("strong", { className: "number" }, item.number),
      el("span", { className: `mark ${BY_NUMBERS.has(item.status) ? "good" : ""}` }, say(`status_${item.status}`)),
      item.on_time === null ? null : el("span", { className: `mark ${item.on_time ? "good" : "bad"}` }, say(item.on_time ? "on_time" : "overdue")),
      item.round > 1 && el("span", { className: "mark warn" }, say("round", { n: item.round })), open),
    el("span", {}, [known.categories[item.category] || item.category || "—", item.place.name, item.holder && item.holder.name !== item.place.name ? `→ ${item.holder.name}` : "", channelName(item.channel, known.channels[item.channel])].filter(Boolean).join(" · ")),
    el("span", { className: "when" }, ["received_at", "due_at", "completed_at"].filter((name) => item[name]).map((name) => el("span", {}, `${say(name)} ${instant(item[name], language())}`))),
    story);
}

/** What happened to a ticket, from the intake door. */
async function tell(number, box) {
  box.replaceChildren(waiting(3, say("loading")));
  try {
    const { items } = await ask(`${intake}/v1/tickets/${encodeURIComponent(number)}/events`);
    const line = (event) => el("li", {}, el("span", { className: "soft number" }, instant(event.happened_at, language())), "  ", el("strong", {}, eventName(event.type)),
      event.unit ? ` · ${event.unit.name}` : "", spoken(event.data), event.data.words ? el("div", { className: "soft" }, event.data.words) : null);
    box.replaceChildren(items.length ? el("ol", { className: "story" }, items.map(line)) : el("p", { className: "soft" }, say("story_none")));
  } catch (problem) {
    box.replaceChildren(wrong(problem));
  }
}

/** What somebody said when called back: content, or not. */
const spoken = (data) => (typeof data.satisfied === "boolean" ? el("span", {}, " ", el("span", { className: `mark ${data.satisfied ? "good" : "bad"}` }, say(data.satisfied ? "content" : "not_content"))) : null);

/** What is said where something could not be read. */
export function wrong(problem, again, go = say("again")) {
  const words = !(problem instanceof Refused) ? say("refused", { detail: problem.message }) : problem.status === 0 ? say("away")
    : problem.status === 403 ? say("denied") : problem.status === 401 ? say("over") : say("refused", { detail: problem.message || problem.code });
  return el("div", { className: `said ${problem.status === 403 ? "warn" : "bad"}`, role: "alert" }, el("p", {}, words), again && el("button", { type: "button", onclick: again }, go));
}

const withoutEmpty = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== ""));
