/** Days in Asia/Shanghai: which periods can be picked, whatever zone the browser is in. Days are texts like 2026-11-22. */

const AHEAD = 8 * 3600 * 1000;

/** Today, there: eight hours before UTC, all year round. */
export const today = () => new Date(Date.now() + AHEAD).toISOString().slice(0, 10);

/** The day there that an instant lies in; today of none. */
export const dayOf = (iso) => (iso ? localOf(iso).slice(0, 10) : today());

/** The date and time there of an instant, to the minute, as a field of the page holds it; and the instant of what a field holds. */
export const localOf = (iso) => new Date(Date.parse(iso) + AHEAD).toISOString().slice(0, 16);
export const instantOf = (local) => `${local.slice(0, 16)}:00+08:00`;

const text = (year, month, day) => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

/** First and last day of a picked period, up to today: `month`, `last-month`, `quarter`, `year`, `last-year`. */
export function picked(kind, day = today()) {
  const [year, month] = day.split("-").map(Number);
  if (kind === "last-month") return [text(year, month - 1, 1), text(year, month, 0)];
  if (kind === "quarter") return [text(year, month - ((month - 1) % 3), 1), day];
  if (kind === "year") return [text(year, 1, 1), day];
  if (kind === "last-year") return [text(year - 1, 1, 1), text(year - 1, 12, 31)];
  return [text(year, month, 1), day];
}

export const KINDS = ["month", "last-month", "quarter", "year", "last-year", "free"];

/** An instant as people there write it. */
export function instant(iso, language) {
  if (!iso) return "—";
  const zone = language === "en" ? "en-GB" : "zh-CN";
  written[zone] ??= new Intl.DateTimeFormat(zone, {
    timeZone: "Asia/Shanghai", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  return written[zone].format(new Date(iso));
}

const written = {}; // made once: it takes longer than all else of a list
