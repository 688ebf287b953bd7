/**
 * Signing in, and asking with the token. The token lives in sessionStorage: it goes with the tab, and no other site can send it. When
 * somebody leaves, an instant stays in localStorage: no tab of this browser knows a token that is older, not one that is opened again either.
 */

const KEEP = "daguanjia.session";
const LEFT = "daguanjia.left";

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

/** The session of this tab, or null where there is none or its time is over. */
export function session() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEEP));
    return kept && new Date(kept.expires_at) > new Date() && (kept.since || 0) >= lastLeft() ? kept : null;
  } catch {
    return null;
  }
}

/** Sign in; resolves to the session, rejects with Refused. */
export async function signIn(login, password) {
  const made = await read(`${intake}/v1/sessions`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ login, password }),
  });
  const kept = { access_token: made.access_token, expires_at: made.expires_at, member: made.member, seats: made.seats, since: Date.now() };
  sessionStorage.setItem(KEEP, JSON.stringify(kept));
  return kept;
}

/** Sign out in every tab of this browser. Sessions on other devices go on. */
export function leave() {
  forget();
  try { localStorage.setItem(LEFT, String(Date.now())); } catch { /* a browser that keeps nothing: then in this tab alone */ }
}

/** Call `then` when somebody leaves in another tab. */
export function onLeft(then) {
  addEventListener("storage", (event) => { if (event.key === LEFT && event.newValue) then(); });
}

function forget() {
  sessionStorage.removeItem(KEEP);
}

function lastLeft() {
  try { return Number(localStorage.getItem(LEFT)) || 0; } catch { return 0; }
}

/** Ask a door for JSON as whoever is signed in. `address` begins with / for this door, with `intake` for the other one. */
export async function ask(address, options = {}) {
  const kept = session();
  if (!kept) throw new Refused(401, "session.required", "");
  const { headers, ...rest } = options;
  try {
    return await read(address, { ...rest, headers: { Authorization: `Bearer ${kept.access_token}`, ...headers } });
  } catch (problem) {
    if (problem.status === 401) forget();
    throw problem;
  }
}

async function read(address, options) {
  let answer;
  try {
    answer = await fetch(address, { credentials: "omit", ...options });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refused(0, "network.away", "");
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, body?.code || "internal", body?.detail || "", body || {});
  return body;
}
