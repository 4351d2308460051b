// The left side with channels and direct messages, the head over the messages, and the corner where one is somebody else.

import { act, wish } from "./api.js";
import { h, redraw } from "./dom.js";
import { avatar } from "./messages.js";
import { menuButton } from "./select.js";
import { channel, channels, go, here, me, part, status, unread } from "./state.js";

const ROLES = { ada: "owns what she creates", bo: "a colleague", cy: "an admin", guest: "from another workspace" };

export function drawSidebar() {
  const nav = document.getElementById("sidebar");
  const rows = channels().map((each) => [each, unread(each.id), each.id === here.channel]);
  redraw(nav, rows, () => [
    h("h2", {}, "Channels"),
    h("ul", {}, rows.filter(([each]) => !each.is_direct).map(row)),
    h("h2", {}, "Direct messages"),
    h("ul", {}, rows.filter(([each]) => each.is_direct).map(row)),
  ]);
}

function row([each, { count, calls }, isOpen]) {
  const sign = each.is_direct ? "▦" : each.is_private ? "🔒" : each.is_archived ? "▤" : "#";
  const classes = [isOpen && "open", count && !isOpen && "unread", each.is_archived && "archived"].filter(Boolean);
  const name = each.is_direct ? "gpu-bot" : each.name;
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: classes.join(" "), "aria-current": isOpen && "page", onclick: () => visit(each) },
      h("span", { class: "sign", "aria-hidden": "true" }, sign),
      h("span", { class: "name" }, name),
      calls > 0 && !isOpen && h("span", { class: "count", "aria-label": `${calls} unread` }, String(calls)),
    ),
  );
}

function visit(each) {
  const hasHome = each.is_direct && part("bot").has_home;
  go({ channel: each.id, thread: null, tab: hasHome ? "home" : "messages" });
  if (hasHome) act("open_home", {});
}

export function drawHead() {
  const head = document.getElementById("channel-head");
  const place = channel(here.channel);
  const hasHome = place?.is_direct && part("bot").has_home;
  redraw(head, [place, hasHome, here.tab], () => {
    if (!place) return null;
    const name = h("h1", {}, place.is_direct ? "gpu-bot" : `${place.is_private ? "🔒 " : "# "}${place.name}`);
    return hasHome ? [name, tabs(place)] : [name, h("span", { class: "hint" }, described(place))];
  });
}

function described(place) {
  if (place.is_direct) return "Direct messages with the bot";
  const bot = place.members.includes(part("bot").id) ? "" : " · the bot is not in it";
  const count = place.members.filter((id) => id !== part("bot").id).length;
  return `${count} ${count === 1 ? "person" : "people"}${bot}${place.is_archived ? " · archived" : ""}`;
}

function tabs(place) {
  const tab = (name, label) =>
    h("button", { type: "button", role: "tab", "aria-selected": String(here.tab === name), onclick: () => (name === "home" ? visit(place) : go({ tab: name })) }, label);
  return h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages"));
}

export function drawSwitcher() {
  const corner = document.getElementById("switcher");
  redraw(corner, [me(), part("people")], () => {
    const people = part("people", []).filter((each) => !each.is_bot);
    return me() && menuButton([avatar(me()), h("span", {}, me().real_name)], `You are ${me().real_name}. Be somebody else`, people, (each) => become(each.name), { shown: person, kind: "who" });
  });
}

const person = (each) => [
  avatar(each),
  h("span", {}, h("strong", {}, each.real_name), h("span", { class: "hint" }, ROLES[each.name] ?? (each.is_admin ? "an admin" : "a member"))),
  each.id === me().id && h("span", { class: "hint" }, "✓ you"),
];

export function become(name) {
  if (name === here.person) return;
  status.ready = false;
  go({ person: name, thread: null, channel: here.channel?.startsWith("D") ? null : here.channel, tab: "messages" });
  wish();
}

export function drawConnection() {
  const shown = status.lost ? "The sandbox does not answer. It may have been stopped; this page comes back by itself." : "";
  redraw(document.getElementById("connection"), shown, () => shown);
  document.body.classList.toggle("lost", status.lost);
}
