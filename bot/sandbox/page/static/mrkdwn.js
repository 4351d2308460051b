// Slack's mrkdwn as nodes: bold, italic, struck, code, quotes, links, mentions, dates and the more common emoji.

import { at, fullTime, slackDate } from "./dates.js";
import { h, toast } from "./dom.js";
import { channelName, go, member, placeOf } from "./state.js";

const TOKEN = new RegExp(
  "(?<code>`[^`\\n]+`)|(?<entity><[^<>\\n]+>)|(?<emoji>:[a-z0-9_+-]+:)" +
    "|(?<![\\w*_~])(?<styled>\\*[^*\\n]+\\*|_[^_\\n]+_|~[^~\\n]+~)(?!\\w)",
  "g",
);
const STYLES = { "*": "strong", _: "em", "~": "s" };
const EMOJI = {
  white_check_mark: "✅", x: "❌", warning: "⚠️", hourglass_flowing_sand: "⏳", hourglass: "⌛", rocket: "🚀", tada: "🎉",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", white_circle: "⚪",
  black_circle: "⚫", eyes: "👀", bulb: "💡", information_source: "ℹ️", link: "🔗", stopwatch: "⏱️", moneybag: "💰", fire: "🔥",
  wave: "👋", "+1": "👍", "-1": "👎", heart: "❤️", bell: "🔔", lock: "🔒", key: "🔑", computer: "💻", globe_with_meridians: "🌐",
  point_right: "👉", arrow_right: "➡️", question: "❓", exclamation: "❗", zap: "⚡", wrench: "🔧", sleeping: "😴", smile: "😄",
};

const unescaped = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);

export function mrkdwn(text) {
  return text.split(/(```[^]+?```)/).flatMap((piece, index) => (index % 2 ? [preformatted(piece)] : lines(piece)));
}

const preformatted = (piece) => h("pre", {}, unescaped(piece.slice(3, -3).replace(/^\n|\n$/g, "")));

// Lines that begin with ">" stand in a quote.
function lines(text) {
  const nodes = [];
  let quote = null;
  for (const [index, line] of text.split("\n").entries()) {
    const mark = /^(?:>|&gt;) ?/.exec(line);
    if (mark) {
      if (quote) quote.append("\n");
      else nodes.push((quote = h("blockquote")));
      quote.append(...inline(line.slice(mark[0].length)));
    } else {
      if (index > 0 && !quote) nodes.push("\n");
      quote = null;
      nodes.push(...inline(line));
    }
  }
  return nodes;
}

function inline(text) {
  const nodes = [];
  let position = 0;
  for (const match of text.matchAll(TOKEN)) {
    nodes.push(unescaped(text.slice(position, match.index)), token(match));
    position = match.index + match[0].length;
  }
  nodes.push(unescaped(text.slice(position)));
  return nodes.filter((node) => node !== "");
}

function token({ 0: whole, groups }) {
  if (groups.code) return h("code", {}, unescaped(whole.slice(1, -1)));
  if (groups.entity) return entity(whole.slice(1, -1));
  if (groups.emoji) return withEmoji(whole);
  return h(STYLES[whole[0]], {}, ...inline(whole.slice(1, -1)));
}

function entity(text) {
  const bar = text.indexOf("|");
  const target = bar < 0 ? text : text.slice(0, bar);
  const label = bar < 0 ? "" : unescaped(text.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return h("span", { class: "mention" }, `@${target.slice(1).split("^")[0]}`);
  return link(unescaped(target), withEmoji(label));
}

export function mention(id, label = "") {
  const person = member(id);
  return h("span", { class: "mention", title: person?.real_name }, `@${person?.name ?? (label || id)}`);
}

export function channelLink(id, label = "") {
  const name = channelName(id);
  const shown = `#${name === id ? label || id : name}`;
  return h("button", { class: "mention", type: "button", onclick: () => go({ channel: id, thread: null }) }, shown);
}

function date(target, fallback) {
  const moment = at(target.split("^")[1]);
  const shown = slackDate(unescaped(target), fallback);
  return h("time", { title: Number.isNaN(moment.getTime()) ? null : fullTime(moment) }, shown);
}

// The make-believe workspace's own links lead somewhere here; of all others only the address is shown, because this
// page asks nothing of other hosts and most of the addresses lead nowhere.
export function link(url, label = "") {
  const shown = label || url.replace(/^mailto:/, "");
  return h("button", { class: "link", type: "button", title: url, onclick: () => follow(url) }, shown);
}

export function follow(url) {
  const found = placeOf(url);
  if (found) go({ ...found, tab: "messages" });
  else toast(`The sandbox opens no other sites. The address is ${url}`);
}

// A text object.
export function text(object) {
  return h("div", { class: "text" }, object.type === "mrkdwn" ? mrkdwn(object.text) : withEmoji(object.text));
}
