/**
 * Signing in, staying signed in, and asking with the token.
 *
 * A session goes with the tab: what it is made of lies in sessionStorage, which no other site reads and which ends with the tab. A tab
 * that was duplicated shares its session with the first, and a refresh token is good only once: so the newest pair also lies in
 * localStorage, sealed under a key that is in sessionStorage alone, and one tab at a time refreshes. (Where a page came without TLS there
 * is no sealing: then each tab goes by what it has, and the door's grace of ten seconds is all there is.)
 *
 * When somebody leaves, an instant stays in localStorage: no tab of this browser knows a session that is older.
 */

const KEEP = "daguanjia.session";
const LEFT = "daguanjia.left";
const EARLY = 60_000;

/** Where the intake door is: what the page was told, else where the page came from. */
export const intake = document.querySelector('meta[name="daguanjia-intake"]')?.content || "";

/** What a door refused: its code, its sentence, its status. `status` 0: nobody answered. */
export class Refused extends Error {
  constructor(status, code, detail, body = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** The session of this tab, or null where there is none, its time is over, or something must be done first. */
export function session() {
  const kept = held();
  return kept && !kept.due ? kept : null;
}

/** What must be done before this session opens anything: "password", "second_factor", or null. */
export const due = () => held()?.due || null;

function held() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEEP));
    const ends = kept && (kept.ends || Date.parse(kept.expires_at));
    return kept && ends > Date.now() && (kept.since || 0) >= lastLeft() ? kept : null;
  } catch {
    return null;
  }
}

/* -- signing in and out ------------------------------------------------------------------------------------------------ */

/** Sign in; rejects with Refused, of code session.code_needed where the code of a second factor has to come along. */
export async function signIn(login, password, code = "") {
  const given = { login, password, ...(code ? { code } : {}) };
  return begin(await read(`${intake}/v1/sessions`, sending(given)));
}

/** Whether a provider signs people in here; false too where the door cannot be asked. */
export const signOnOffered = () => read(`${intake}/v1/single-sign-on`, {}).then((told) => told.offered, () => false);

/** Begin to sign in at the provider: resolves to where to go, and to what this tab keeps until it comes back. */
export const beginSignOn = () => read(`${intake}/v1/single-sign-on`, { method: "POST" });

/** Come in with what the provider said ("sessions") or with the code that was still wanted ("second-factor"). */
export async function finishSignOn(step, given) {
  return begin(await read(`${intake}/v1/single-sign-on/${step}`, sending(given)));
}

/** Change the password; the session goes on with tokens of its own. */
export async function changePassword(password, newPassword) {
  const made = await authorized(`${intake}/v1/me/password`, sending({ password, new_password: newPassword }));
  return keep(made, held());
}

/** Ask for a second factor: resolves to the secret an authenticator is told. */
export const enrol = (password) => authorized(`${intake}/v1/me/second-factor`, sending({ password }));

/** Confirm it with its first code: resolves to the recovery codes. */
export async function confirmFactor(code) {
  const made = await authorized(`${intake}/v1/me/second-factor/confirmation`, sending({ code }));
  await keep(made.session, held());
  return made.recovery_codes;
}

/** Sign out in every tab of this browser. Sessions on other devices go on. */
export function leave() {
  end();
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(`${KEEP}.`)) localStorage.removeItem(name);
    localStorage.setItem(LEFT, String(Date.now()));
  } catch { /* a browser that keeps nothing: then in this tab alone */ }
}

/** Call `then` when somebody leaves in another tab. */
export function onLeft(then) {
  addEventListener("storage", (event) => { if (event.key === LEFT && event.newValue) then(); });
}

addEventListener("storage", (event) => { if (event.key === LEFT && event.newValue) end(); });

/** Tell the door that this session ends, without waiting for it, and forget it here. */
function end() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEEP)); } catch { /* nothing to end */ }
  if (kept?.session_id) {
    const headers = { Authorization: `Bearer ${kept.access_token}` };
    fetch(`${intake}/v1/sessions/current`, { method: "DELETE", credentials: "omit", keepalive: true, headers }).catch(() => {});
  }
  forget();
}

function forget() {
  const kept = held();
  sessionStorage.removeItem(KEEP);
  try { if (kept?.session_id) localStorage.removeItem(`${KEEP}.${kept.session_id}`); } catch { /* nothing was kept there */ }
}

function lastLeft() {
  try { return Number(localStorage.getItem(LEFT)) || 0; } catch { return 0; }
}

async function begin(made) {
  sweep();
  return keep(made, { since: Date.now(), key: await newKey(), turn: 0 });
}

/** Keep what a door gave: how long it lasts is counted from now, whatever time the clocks here and there tell. */
async function keep(made, before) {
  const lasts = made.expires_in * 1000;
  const kept = {
    session_id: made.session_id, access_token: made.access_token, refresh_token: made.refresh_token, member: made.member, seats: made.seats,
    due: made.due, early: Date.now() + lasts - Math.min(EARLY, lasts / 3), over: Date.now() + lasts,
    ends: Date.now() + lasts + Date.parse(made.refresh_expires_at) - Date.parse(made.expires_at),
    since: before.since, key: before.key, turn: (before.turn || 0) + 1,
  };
  sessionStorage.setItem(KEEP, JSON.stringify(kept));
  await share(kept);
  return kept;
}

/* -- staying signed in ------------------------------------------------------------------------------------------------- */

let renewing = null;

/** A token that is good for a while yet. */
async function bearer() {
  const kept = held();
  if (!kept) throw new Refused(401, "session.required", "");
  return kept.refresh_token && kept.early <= Date.now() ? (await renewed(kept.access_token)).access_token : kept.access_token;
}

/** The session with another token than `stale`; of all who ask for it in all tabs of this session, one goes to the door. */
function renewed(stale) {
  renewing ??= alone(held()?.session_id, () => renew(stale)).finally(() => { renewing = null; });
  return renewing;
}

const alone = (id, work) => (navigator.locks ? navigator.locks.request(`daguanjia.refresh.${id}`, work) : work());

async function renew(stale) {
  const kept = await newest();
  if (!kept) throw new Refused(401, "session.required", "");
  if (kept.access_token !== stale && kept.early > Date.now()) return kept;
  try {
    return await keep(await read(`${intake}/v1/sessions/refresh`, sending({ refresh_token: kept.refresh_token })), kept);
  } catch (problem) {
    if (problem.status === 401) forget();
    else if (kept.access_token === stale && kept.over > Date.now()) return kept; // the door is away: what there is holds a little longer
    throw problem;
  }
}

/** This tab's session as whichever tab refreshed it last has it. */
async function newest() {
  const own = held();
  if (!own?.key) return own;
  const shared = await shownBy(own);
  if (!shared || shared.turn <= own.turn) return own;
  const kept = { ...own, ...shared };
  sessionStorage.setItem(KEEP, JSON.stringify(kept));
  return kept;
}

/* -- the sealed copy in localStorage ------------------------------------------------------------------------------------ */

const sealing = () => globalThis.crypto?.subtle;
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const bytes = (given) => Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
const keyOf = (given, use) => sealing().importKey("raw", bytes(given), "AES-GCM", false, [use]);

async function newKey() {
  return sealing() ? text(crypto.getRandomValues(new Uint8Array(32))) : null;
}

async function share(kept) {
  if (!kept.key || !sealing()) return;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const { access_token, refresh_token, early, over, ends, turn, due: first } = kept;
  const clear = new TextEncoder().encode(JSON.stringify({ access_token, refresh_token, early, over, ends, turn, due: first }));
  const sealed = await sealing().encrypt({ name: "AES-GCM", iv }, await keyOf(kept.key, "encrypt"), clear);
  try { localStorage.setItem(`${KEEP}.${kept.session_id}`, JSON.stringify({ ends, iv: text(iv), sealed: text(sealed) })); } catch { /* then this tab is on its own */ }
}

async function shownBy(own) {
  try {
    const { iv, sealed } = JSON.parse(localStorage.getItem(`${KEEP}.${own.session_id}`));
    return JSON.parse(new TextDecoder().decode(await sealing().decrypt({ name: "AES-GCM", iv: bytes(iv) }, await keyOf(own.key, "decrypt"), bytes(sealed))));
  } catch {
    return null;
  }
}

/** Clear away what closed tabs left behind and is over. */
function sweep() {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(`${KEEP}.`) && !(JSON.parse(localStorage.getItem(name)).ends > Date.now())) localStorage.removeItem(name);
    }
  } catch { /* a browser that keeps nothing */ }
}

/* -- asking ------------------------------------------------------------------------------------------------------------- */

const sending = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Ask a door for JSON as whoever is signed in. `address` begins with / for this door, with `intake` for the other one. */
export async function ask(address, options = {}) {
  if (!session()) throw new Refused(401, "session.required", "");
  return authorized(address, options);
}

async function authorized(address, options) {
  return json(await fetched(address, options));
}

/** The answer itself, for what is no JSON; rejects with Refused like `ask`. */
export async function fetched(address, options = {}) {
  const { headers, ...rest } = options;
  const send = (token) => sent(address, { ...rest, headers: { Authorization: `Bearer ${token}`, ...headers } });
  const token = await bearer();
  const answer = await send(token);
  if (answer.status !== 401) return checked(answer);
  if (!held()?.refresh_token) { // nothing to refresh it with
    forget();
    return checked(answer);
  }
  return checked(await send((await renewed(token)).access_token));
}

async function read(address, options) {
  return json(await checked(await sent(address, options)));
}

async function sent(address, options) {
  try {
    return await fetch(address, { credentials: "omit", ...options });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refused(0, "network.away", "");
  }
}

async function checked(answer) {
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  throw new Refused(answer.status, body?.code || "internal", body?.detail || "", { ...body, retry_after: answer.headers.get("Retry-After") });
}

const json = (answer) => (answer.status === 204 ? null : answer.json().catch(() => null));
