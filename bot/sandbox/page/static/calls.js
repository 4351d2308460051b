// The bot's latest calls to Novita, newest first, as they happen.

import { steer } from "./api.js";
import { at, length } from "./dates.js";
import { h, keyed } from "./dom.js";
import { now, starting } from "./state.js";

const SHOWN = 60;

export function calls(parent) {
  const all = document.getElementById("all-calls").checked;
  const rows = starting("novita/call/").filter(([, call]) => all || call.method === "POST");
  keyed(parent, rows.reverse().slice(0, SHOWN), { key: ([name]) => name, sign: ([, call]) => call, draw: ([, call]) => line(call) });
  parent.classList.toggle("none", !rows.length);
  for (const node of parent.children) node.querySelector("time").textContent = `${length(now() - node.at)} ago`;
}

export const clearCalls = () => steer("forget", {});

function line(call) {
  const node = h(
    "li",
    { class: grade(call) },
    h("span", { class: "what" }, call.endpoint),
    h("span", { class: "hint subject" }, call.subject),
    h("span", { class: "how" }, outcome(call)),
    h("span", { class: "number" }, call.outcome === "pending" || unanswered(call) ? "…" : `${Math.round(call.milliseconds)} ms`),
    h("time", { class: "hint", title: at(call.at).toLocaleTimeString() }),
  );
  node.at = call.at;
  return node;
}

const unanswered = (call) => call.status === null && call.milliseconds === 0;

function outcome(call) {
  if (unanswered(call)) return "under way";
  if (call.status === null) return call.outcome;
  const why = call.reason || (call.outcome === "answered" ? "" : call.outcome);
  return [String(call.status), why].filter(Boolean).join(" ");
}

function grade(call) {
  if (unanswered(call)) return "pending";
  if (call.status === null || call.status >= 500) return "lost";
  return call.status >= 400 ? "refused" : "fine";
}
