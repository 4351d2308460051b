// Instants as Slack writes them, in the reader's own zone.

import { now } from "./state.js";

const form = (options) => new Intl.DateTimeFormat("en-GB", options);
const TIME = form({ hour: "2-digit", minute: "2-digit" });
const FORMS = {
  date_num: (date) => new Intl.DateTimeFormat("sv-SE").format(date),
  date_slash: (date) => form({ day: "2-digit", month: "2-digit", year: "numeric" }).format(date),
  date: (date) => form({ day: "numeric", month: "long", year: "numeric" }).format(date),
  date_short: (date) => form({ day: "numeric", month: "short", year: "numeric" }).format(date),
  date_long: (date) => form({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date),
  time: (date) => TIME.format(date),
  time_secs: (date) => form({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date),
  ago: (date) => ago(date),
};
const DAYS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const at = (ts) => new Date(Number(ts) * 1000);
export const clockTime = (date) => TIME.format(date);
export const fullTime = (date) => form({ dateStyle: "full", timeStyle: "long" }).format(date);

// "today", "yesterday", "tomorrow", or null.
function nearDay(date) {
  const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
  const days = Math.round((midnight(date) - midnight(at(now()))) / 86_400_000);
  return Math.abs(days) <= 1 ? DAYS.format(days, "day") : null;
}

export function dayName(date) {
  const near = nearDay(date);
  return near ? near[0].toUpperCase() + near.slice(1) : FORMS.date_long(date);
}

function ago(date) {
  const seconds = date / 1000 - now();
  for (const [size, unit] of [[86_400, "day"], [3_600, "hour"], [60, "minute"]]) {
    if (Math.abs(seconds) >= size) return DAYS.format(Math.round(seconds / size), unit);
  }
  return "now";
}

// "12 s", "3 min", "2 h": how long something has been so.
export function length(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

// `!date^1732388400^{date_short_pretty} {time}`; what cannot be read shows its fallback, as in Slack.
export function slackDate(token, fallback) {
  const [, unix, text = ""] = token.split("^");
  const date = at(unix);
  if (!/^\d{1,12}$/.test(unix)) return fallback;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const plain = name.replace(/_pretty$/, "");
    return (plain !== name && nearDay(date)) || FORMS[plain]?.(date) || whole;
  });
}
