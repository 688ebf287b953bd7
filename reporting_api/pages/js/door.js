/** The forms before the board: signing in, the code of a second factor, a password of one's own, enrolling a second factor. */

import { at, el } from "./dom.js";
import { changePassword, confirmFactor, due, enrol, signIn, signOnOffered } from "./session.js";
import { comeIn, comeInWithCode, goThere } from "./sign_on.js";
import { longTime, say } from "./words.js";

const FORMS = ["sign-in", "sign-on-code", "own-password", "enrol", "recovery"];
let given = ""; // the password of this sign-in, until what is due has been done: it is asked for once more there
let entered = () => {};
let offered = false; // whether there is a provider to sign in at
let ticket = null; // of a sign-in there that waits for a code

/** Have the forms work; `then` is called when somebody is in. */
export function door(then) {
  entered = then;
  on("sign-in", enter);
  on("own-password", own);
  on("enrol", confirmed);
  on("recovery", async () => { given = ""; entered(); });
  on("sign-on", goThere);
  on("sign-on-code", codeGiven);
  signOnOffered().then((told) => {
    offered = told;
    at("sign-on").hidden = !offered || at("sign-in").hidden;
  });
}

/** Let somebody in who comes back from the provider with this. */
export async function returned(back) {
  show("sign-in", say("signing_in"));
  try {
    await comeIn(back);
    await next();
  } catch (problem) {
    ticket = problem.body?.continue_with || null;
    if (ticket) show("sign-on-code", say("code_needed"));
    else refused("sign-in", problem);
  }
}

async function codeGiven({ code }) {
  await comeInWithCode(ticket, code.value.trim());
  code.value = "";
  ticket = null;
  await next();
}

/** Show the form that comes next, and what there is to say. */
export function knock(words = "") {
  const form = due() && given ? { password: "own-password", second_factor: "enrol" }[due()] : "sign-in";
  if (form === "sign-in") askCode(false);
  show(form, words);
}

function show(name, words = "") {
  for (const one of FORMS) at(one).hidden = one !== name;
  at("sign-on").hidden = !offered || name !== "sign-in";
  at("door-said").hidden = !words;
  at("door-said").textContent = words;
  at("door-said").classList.toggle("bad", ![say("code_needed"), say("signing_in")].includes(words));
  const first = [...at(name).querySelectorAll("input")].find((input) => !input.value && input.closest("label")?.hidden !== true);
  first?.focus();
}

/** One try at a time; what goes wrong is said, and nothing that was typed is lost but what was wrong. */
function on(name, work) {
  at(name).addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("button.main");
    button.disabled = true;
    try {
      await work(form.elements);
    } catch (problem) {
      refused(name, problem);
    } finally {
      button.disabled = false;
    }
  });
}

async function enter({ login, password, code }) {
  await signIn(login.value.trim(), password.value, code.value.trim());
  given = password.value;
  password.value = "";
  await next();
}

/** Go in, or to what must be done first. */
async function next() {
  if (due() && !given) knock(say("due_by_password")); // whoever came from the provider has shown none
  else if (due() === "second_factor") await beginEnrolment();
  else if (due()) knock();
  else {
    given = "";
    askCode(false);
    entered();
  }
}

async function own({ first, second }) {
  if (first.value !== second.value) return show("own-password", say("not_the_same"));
  await changePassword(given, first.value);
  given = first.value;
  first.value = second.value = "";
  return next();
}

async function beginEnrolment() {
  const { secret, uri } = await enrol(given);
  at("secret").replaceChildren(el("a", { href: uri }, secret.replace(/(.{4})/g, "$1 ").trim()));
  show("enrol");
}

async function confirmed({ code }) {
  const codes = await confirmFactor(code.value.trim());
  code.value = "";
  at("codes").replaceChildren(...codes.map((one) => el("li", {}, one)));
  show("recovery");
  at("recovery").querySelector("button").focus();
}

function askCode(wanted) {
  const { code } = at("sign-in").elements;
  code.closest("label").hidden = !wanted;
  code.required = wanted;
  if (!wanted) code.value = "";
}

const WORDS = {
  "session.wrong": "wrong", "session.code_needed": "code_needed", "session.code_wrong": "code_wrong", "second_factor.code_wrong": "code_wrong",
  "account.password_too_short": "too_short", "account.password_common": "too_common", "account.password_number": "too_common",
  "account.password_repeats": "too_common", "account.password_own_name": "own_name", "account.password_same": "same_password",
  "single_sign_on.over": "sign_on_over", "single_sign_on.not_believed": "sign_on_over", "single_sign_on.cancelled": "sign_on_cancelled",
  "single_sign_on.no_account": "sign_on_no_account", "single_sign_on.provider_away": "sign_on_away",
  "session.ended": "over", "session.over": "over", "session.reused": "over", "session.required": "over",
};

function refused(name, problem) {
  const { code, password } = at("sign-in").elements;
  if (problem.code === "session.code_needed") askCode(true);
  else if (problem.code === "session.code_wrong") code.value = "";
  else if (name === "sign-in" && problem.status === 401) password.value = "";
  if (name !== "sign-in" && problem.status === 401) given = "";
  if (name === "sign-on-code") {
    at(name).elements.code.value = "";
    if (problem.code !== "session.code_wrong" && problem.status === 401) ticket = null;
  }
  const time = longTime(Number(problem.body?.retry_after) || 900);
  const words = problem.status === 429 ? say(problem.code === "session.locked" ? "locked" : "too_many", { time }) : problem.status === 0 ? say("away")
    : WORDS[problem.code] ? say(WORDS[problem.code]) : say("refused", { detail: problem.message });
  show(given || (name === "sign-on-code" && ticket) ? name : "sign-in", words);
}
