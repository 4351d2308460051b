// Where one types: Enter sends, Shift+Enter breaks the line, "/" suggests the bot's commands.

import { act } from "./api.js";
import { h, redraw } from "./dom.js";
import { channel, channelName, here, part } from "./state.js";

const drafts = new Map();

// A composer in `parent`; `thread` says whether it answers in the open thread.
export function composer(parent, thread) {
  const field = h("textarea", { rows: "1", class: "compose-field", autocomplete: "off", "aria-autocomplete": "list", "aria-label": "Message" });
  const list = h("ul", { class: "suggestions", role: "listbox", "aria-label": "Commands", tabindex: "0" });
  const send = h("button", { type: "button", class: "button primary send", "aria-label": "Send" }, "Send");
  const closed = h("p", { class: "closed" });
  const box = h("div", { class: "compose" }, list, field, send);
  let active = -1;
  parent.append(box, closed);

  const place = () => `${here.person}/${here.channel}/${thread ? here.thread : ""}`;
  const suggested = () => {
    const typed = field.value.toLowerCase();
    if (!typed.startsWith("/") || typed.includes("\n") || thread) return [];
    return part("bot").commands.filter((each) => each.line.startsWith(typed) && each.line !== typed);
  };

  function grow() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  }
  function suggest() {
    const found = suggested();
    active = found.length ? Math.min(Math.max(active, 0), found.length - 1) : -1;
    list.hidden = !found.length;
    list.replaceChildren(...found.map((each, index) => suggestion(each, index === active)));
    send.disabled = !field.value.trim();
    grow();
  }
  function suggestion(each, isActive) {
    const node = h("li", { role: "option", "aria-selected": String(isActive) }, h("code", {}, each.line), h("span", { class: "hint" }, each.meaning));
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      type(each.line);
    });
    return node;
  }
  function type(line) {
    field.value = line;
    field.focus();
    drafts.set(place(), line);
    suggest();
  }
  async function submit() {
    const text = field.value.trim();
    if (!text) return;
    type("");
    const target = { channel: here.channel, thread: thread ? here.thread : null };
    const { failed } = await act("write", { ...target, text });
    if (failed && !field.value) type(text);
  }

  field.addEventListener("input", () => {
    drafts.set(place(), field.value);
    active = 0;
    suggest();
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const found = suggested();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      active = (active + step + found.length) % found.length;
      suggest();
    } else if ((event.key === "Tab" || event.key === "Enter") && found.length && !list.hidden) {
      event.preventDefault();
      type(found[active].line);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") list.hidden = true;
  });
  send.addEventListener("click", submit);
  if (!thread) document.addEventListener("type-it", (event) => type(event.detail));

  let shownFor = null;
  return function draw() {
    const why = closedBecause();
    box.hidden = Boolean(why);
    redraw(closed, why, () => why ?? "");
    closed.hidden = !why;
    field.placeholder = thread ? "Reply, or ask @gpu-bot" : `Message ${channel(here.channel)?.is_direct ? "@" : "#"}${channelName(here.channel)}, or / for commands`;
    if (shownFor === place()) return;
    shownFor = place();
    field.value = drafts.get(shownFor) ?? "";
    suggest();
  };
}

// Why nobody can write in the open place; null where one can.
export function closedBecause() {
  const place = channel(here.channel);
  if (place?.is_archived) return "This channel is archived: nobody can write here any more.";
  if (place?.is_direct && !part("bot").listens_in_direct_messages) return "The bot takes no messages here. Type its commands in a channel.";
  return null;
}
