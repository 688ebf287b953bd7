/** Bulletins for whoever is signed in: drafts and published ones of their area, opened in this page. Without a session nothing happens. */

import { ask, fetched, session } from "./session.js";
import { at, el } from "./dom.js";

const STATES = { draft: ["草稿", "warn"], published: ["已发布", "good"], corrected: ["已被更正", "bad"] };

function entry(one) {
  const [state, mark] = STATES[one.state];
  const open = el("button", { className: "quiet", type: "button", onclick: () => show(one) }, one.title);
  return el("li", { className: "panel" }, open, " ", el("span", { className: "soft" }, one.number), " ", el("span", { className: `mark ${mark}` }, state));
}

async function list() {
  const found = await ask("/v1/bulletins?limit=100");
  at("own-list").replaceChildren(...found.items.map(entry));
  at("own").hidden = found.items.length === 0;
}

/** Put the sheet of one bulletin into this page. The door escaped every word of it, and pages run no script but shipped ones. */
async function show(one) {
  const answer = await fetched(`/v1/bulletins/${one.id}?format=html`).catch(() => null);
  if (!answer) return say("这份通报现在打不开，请刷新后重试。");
  const sheet = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const back = el("p", { className: "on-screen content" }, el("button", { type: "button", onclick: () => location.reload() }, "返回列表"),
    " ", el("button", { type: "button", onclick: () => window.print() }, "打印"), " ", el("button", { type: "button", onclick: () => keep(one) }, "Word文档"));
  document.body.classList.add("bulletin");
  document.body.replaceChildren(back, document.adoptNode(sheet));
  document.title = one.title;
  window.scrollTo(0, 0);
}

/** Save the Word document: an address alone would not carry the token. */
async function keep(one) {
  const answer = await fetched(`/v1/bulletins/${one.id}?format=docx`).catch(() => null);
  if (!answer) return say("文件现在取不到，请刷新后重试。");
  const address = URL.createObjectURL(await answer.blob());
  el("a", { href: address, download: `${one.number}.docx` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function say(words) {
  document.body.prepend(el("p", { className: "said bad", role: "alert" }, words));
}

if (session()) list().catch(() => { at("own").hidden = true; });
