// The messages of a channel and of a thread, edited in place as the bot edits them.

import { act } from "./api.js";
import { block } from "./blocks.js";
import { text } from "./mrkdwn.js";
import { closedBecause } from "./composer.js";
import { at, clockTime, dayName, fullTime } from "./dates.js";
import { h, keyed, redraw } from "./dom.js";
import { channel, channelName, go, here, member, message, messages, part, repliesTo, status } from "./state.js";

const list = document.getElementById("messages");
const scroll = document.getElementById("scroll");
const panel = document.getElementById("thread");
const NEAR = 80;
let drawnFor = "";

// Keeps a list at its end, also when it grows or gets narrower, until the person scrolls away from the end.
function sticky(node) {
  const end = () => (node.scrollTop = node.scrollHeight);
  let stays = true;
  node.addEventListener("scroll", () => (stays = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR));
  const watch = new ResizeObserver(() => stays && end());
  watch.observe(node);
  for (const child of node.children) watch.observe(child);
  return { begin: () => ((stays = true), end()), follow: () => stays && end() };
}
const main = sticky(scroll);

export function drawMessages() {
  const shown = messages(here.channel);
  const roots = shown.filter((each) => !each.thread);
  const place = `${here.person}/${here.channel}`;
  drawList(list, withDays(roots), { inThread: false });
  drawWelcome(roots);
  if (place !== drawnFor) main.begin();
  else main.follow();
  drawnFor = place;
}

// Puts a line with the day's name before each day's first message.
function withDays(roots) {
  let last = null;
  return roots.flatMap((each) => {
    const day = dayName(at(each.ts));
    const line = day === last ? [] : [{ day }];
    last = day;
    return [...line, each];
  });
}

function drawList(parent, items, { inThread }) {
  keyed(parent, items, {
    key: (each) => each.day ?? each.ts,
    sign: (each) => [each, each.ts && !inThread ? summary(each) : null, here.thread === each.ts],
    draw: (each) => (each.day ? h("div", { class: "day" }, h("span", {}, each.day)) : drawMessage(each, inThread)),
    replaced: (fresh, old) => {
      if (old.dataset.edits !== fresh.dataset.edits) fresh.classList.add("edited");
    },
  });
}

function drawMessage(each, inThread) {
  const author = member(each.author) ?? { name: each.author, real_name: each.author };
  const classes = ["message", each.is_private && "private", !inThread && here.thread === each.ts && "opened"].filter(Boolean);
  return h(
    "article",
    { class: classes.join(" "), "data-edits": String(each.edits), "data-ts": each.ts },
    each.is_private && h("div", { class: "only-you" }, "◉ Only visible to you"),
    avatar(author),
    h(
      "div",
      { class: "body" },
      h("div", { class: "byline" }, h("strong", {}, author.real_name), author.is_bot && h("span", { class: "badge" }, "APP"), time(each), each.edits > 0 && h("span", { class: "hint" }, "(edited)")),
      h("div", { class: "blocks" }, content(each)),
      !inThread && !each.is_private && threadLine(each),
    ),
    !inThread && !each.is_private && h("button", { class: "reply quiet", type: "button", onclick: () => go({ thread: each.ts }) }, "Reply in thread"),
  );
}

function content(each) {
  if (!each.blocks.length) return text({ type: "mrkdwn", text: each.text });
  const desk = deskOf(each);
  return each.blocks.map((one) => h("div", { class: `block is-${one.type}` }, block(one, desk)));
}

// A message holds no state: its menus show what they begin with.
function deskOf(each) {
  const click = (element, more) => act("click", { channel: each.channel, ts: each.ts, action_id: element.action_id, ...more });
  return {
    held: ({ initial_option: option, initial_options: options }) => ({ selected_option: option, ...(options && { selected_options: options }) }),
    press: (element) => click(element, { value: element.value ?? null }),
    choose: (element, option) => click(element, { option }),
    fill: () => {},
    search: async () => ({ options: [] }),
  };
}

export function avatar({ name, is_bot: isBot, real_name: realName }) {
  const initials = isBot ? "" : realName.split(" ").map((word) => word[0]).join("").slice(0, 2);
  return h("span", { class: `avatar of-${isBot ? "bot" : name}`, "aria-hidden": "true", "data-initials": initials });
}

const time = (each) => h("time", { title: fullTime(at(each.ts)) }, clockTime(at(each.ts)));

function summary(root) {
  const replies = repliesTo(root).filter((each) => !each.is_private);
  return replies.length ? [replies.length, replies.at(-1).ts, [...new Set(replies.map((each) => each.author))]] : null;
}

function threadLine(root) {
  const found = summary(root);
  if (!found) return null;
  const [count, last, authors] = found;
  return h(
    "button",
    { class: "replies", type: "button", onclick: () => go({ thread: root.ts }) },
    authors.slice(0, 3).map((id) => avatar(member(id) ?? { name: id, real_name: id })),
    h("strong", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
    h("span", { class: "hint" }, `last ${dayName(at(last)).toLowerCase()} at ${clockTime(at(last))}`),
  );
}

// In the bot's own channel, for as long as nobody has made anything: what to do first.
function drawWelcome(roots) {
  const welcome = document.getElementById("welcome");
  const bot = part("bot");
  const isFirst = status.ready && channel(here.channel)?.members.includes(bot.id) && !roots.some((each) => each.author === bot.id) && !closedBecause();
  redraw(welcome, [isFirst, here.channel, here.person], () => isFirst && greeting(bot));
}

function greeting(bot) {
  const line = bot.commands[0].line;
  return h(
    "section",
    { class: "greeting" },
    h("h2", {}, "Create your first GPU"),
    h("p", {}, "Type ", h("code", {}, line), " below and press Enter, or"),
    h("button", { class: "button primary", type: "button", "data-type-it": line, onclick: () => document.dispatchEvent(new CustomEvent("type-it", { detail: line })) }, "Type it for me"),
    h(
      "p",
      { class: "hint" },
      "Each GPU's first region promises stock and refuses at create, as it happens at Novita: watch the bot go on to the next one. ",
      "The button Novita, top right, changes that, and much else.",
    ),
  );
}

let side = null;

export function drawThread() {
  const root = here.thread && message(here.channel, here.thread);
  panel.hidden = !root;
  document.body.classList.toggle("with-thread", Boolean(root));
  if (!root) {
    panel.dataset.root = "";
    return;
  }
  if (panel.dataset.root !== `${here.person}/${root.ts}`) frame(root);
  const [, body] = panel.children;
  const count = summary(root)?.[0] ?? 0;
  drawList(body, [root, ...(count ? [{ day: `${count} ${count === 1 ? "reply" : "replies"}` }] : []), ...repliesTo(root)], { inThread: true });
  side.follow();
}

function frame(root) {
  panel.dataset.root = `${here.person}/${root.ts}`;
  panel.replaceChildren(
    h(
      "header",
      {},
      h("h2", {}, "Thread ", h("span", { class: "hint" }, `#${channelName(root.channel)}`)),
      h("button", { type: "button", class: "quiet close", "aria-label": "Close thread", onclick: () => go({ thread: null }) }, "✕"),
    ),
    h("div", { class: "replies-list", role: "log", "aria-live": "polite" }),
    h("div", { id: "thread-composer" }),
  );
  side = sticky(panel.children[1]);
}
