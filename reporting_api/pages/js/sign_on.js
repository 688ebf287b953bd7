/**
 * Signing in at the provider of the government: there, and back again.
 *
 * What an attempt is bound to lies in this tab's sessionStorage and goes into no address; what the provider sends back is taken out of
 * the address before anything else is done with it.
 */

import { beginSignOn, finishSignOn, Refused } from "./session.js";

const KEEP = "daguanjia.sign-on";

/** Go to the provider. Resolves where somebody comes back with the browser's own button, rejects where the way there is not open. */
export async function goThere() {
  const { authorization_url: there, binding } = await beginSignOn();
  sessionStorage.setItem(KEEP, JSON.stringify({ binding, hash: location.hash }));
  location.assign(there);
  return new Promise((done) => addEventListener("pageshow", done, { once: true }));
}

/** What the provider sent this tab back with, or null where nobody was sent back. The address is then as it was before. */
export function cameBack() {
  const given = new URLSearchParams(location.search);
  if (!given.has("code") && !given.has("error")) return null;
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEEP)); } catch { /* not begun here */ }
  sessionStorage.removeItem(KEEP);
  history.replaceState(null, "", `${location.pathname}${kept?.hash || ""}`);
  const [code, state, iss] = ["code", "state", "iss"].map((name) => given.get(name));
  return { code, state, binding: kept?.binding, ...(iss ? { iss } : {}) };
}

/** Come in; rejects with Refused, of code session.code_needed where the code of a second factor is still wanted (`body.continue_with`). */
export async function comeIn(back) {
  if (!back.code) throw new Refused(401, "single_sign_on.cancelled", "");
  if (!back.state || !back.binding) throw new Refused(401, "single_sign_on.over", "");
  return finishSignOn("sessions", back);
}

/** Come in with that code. */
export const comeInWithCode = (ticket, code) => finishSignOn("second-factor", { continue_with: ticket, code });
