/** Days in Asia/Shanghai: which periods can be picked, whatever zone the browser is in. Days are texts like 2026-11-22. */

/** Today, there. */
export const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());

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
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : "zh-CN", {
    timeZone: "Asia/Shanghai", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
  }).format(new Date(iso));
}
