// Menus: a select with type-ahead (one or several choices, own or asked-for options), and a button with a list.

import { h, place } from "./dom.js";
import { channels, member, part } from "./state.js";

const TYPING_PAUSE = 120;
const EMPTY = { text: "Nothing found", none: true };
let count = 0;

// The options of a select as {text, value, description, group}.
function ownOptions(element) {
  const kind = element.type.replace("multi_", "");
  if (kind === "users_select") {
    return part("people", []).filter((each) => !each.is_bot).map((each) => ({ text: `@${each.name}`, value: each.id, description: each.real_name }));
  }
  if (kind === "conversations_select" || kind === "channels_select") return conversations(element);
  return flattened(element);
}

function conversations(element) {
  const included = element.filter?.include ?? ["im", "mpim", "private", "public"];
  const kind = (each) => (each.is_direct ? "im" : each.is_private ? "private" : "public");
  return channels()
    .filter((each) => !each.is_archived && included.includes(kind(each)))
    .map((each) => ({ text: each.is_direct ? "gpu-bot" : `${each.is_private ? "🔒 " : "# "}${each.name}`, value: each.id }));
}

const flattened = ({ options = [], option_groups: groups = [] }) => [
  ...options.map((each) => plain(each)),
  ...groups.flatMap((group) => group.options.map((each) => ({ ...plain(each), group: group.label.text }))),
];

const plain = (option) => ({ text: option.text.text, value: option.value, description: option.description?.text });

const matching = (options, typed) => options.filter((each) => each.text.toLowerCase().includes(typed.trim().toLowerCase()));

// What the state of a select holds, as options.
function heldOptions(element, held, offered) {
  const [slot] = Object.keys(held).filter((name) => name.startsWith("selected_"));
  const found = [held[slot]].flat().filter((each) => each !== null && each !== undefined);
  return found.map((each) => (each.text ? plain(each) : offered.find((one) => one.value === each) ?? named(each)));
}

const named = (id) => ({ text: member(id) ? `@${member(id).name}` : id, value: id });

// `choose(value)` is told of each choice, `search(typed)` asked for options when the element has none of its own.
export function select(element, held, { choose, search }) {
  const isMulti = element.type.startsWith("multi_");
  const asks = element.type.endsWith("external_select");
  const own = asks ? [] : ownOptions(element);
  const chosen = heldOptions(element, held, own);
  const id = `list-${++count}`;
  let shown = [];
  let active = -1;
  let asked = 0;
  let pause = null;
  let question = null; // Asks for options; null when the answer is there.
  let picksNext = false; // Enter was pressed before the answer had come.

  const list = h("ul", { class: "options", role: "listbox", id, popover: "manual", tabindex: "-1" });
  const field = h("input", {
    class: "field combo",
    role: "combobox",
    "data-action": element.action_id,
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: element.placeholder?.text ?? "Choose",
  });
  const chips = h("span", { class: "chips" });
  const root = h("div", { class: "select" }, isMulti && chips, field, h("span", { class: "caret", "aria-hidden": "true" }, "▾"), list);

  function rest() {
    if (isMulti) chips.replaceChildren(...chosen.map(chip));
    field.value = isMulti ? "" : (chosen[0]?.text ?? "");
  }
  const chip = (option) =>
    h("button", { type: "button", class: "chip", "aria-label": `Remove ${option.text}`, onclick: () => pick(option) }, option.text, " ✕");

  const isOpen = () => list.matches(":popover-open");
  function open(typed = "") {
    if (!isOpen()) list.showPopover();
    field.setAttribute("aria-expanded", "true");
    if (asks) ask(typed);
    else offer(matching(own, typed), typed);
  }
  function close() {
    if (!picksNext) {
      clearTimeout(pause);
      asked += 1;
      question = null;
    }
    if (isOpen()) list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    rest();
  }

  // An answer that is overtaken by a later question is thrown away.
  function ask(typed) {
    const number = ++asked;
    clearTimeout(pause);
    if (typed.length < (element.min_query_length ?? 3)) {
      offer([{ text: "Keep typing to search", none: true }], typed);
      return;
    }
    question = async () => {
      clearTimeout(pause);
      const options = ((await search(typed)).options ?? []).map(plain);
      if (number !== asked) return;
      const picks = picksNext;
      [question, picksNext] = [null, false];
      if (picks && options.length) pick(options[0]);
      else if (isOpen()) offer(options, typed);
    };
    pause = setTimeout(question, typed ? TYPING_PAUSE : 0);
    if (!shown.length) offer([{ text: "Searching…", none: true }], typed);
  }

  function offer(options, typed) {
    shown = options.length ? options : [EMPTY];
    list.replaceChildren(...shown.flatMap(line));
    const held = shown.findIndex((each) => chosen.some((one) => one.value === each.value));
    mark(typed || held < 0 ? 0 : held);
    place(list, field, 1);
  }
  function line(option, index) {
    const title = option.group && option.group !== shown[index - 1]?.group && h("li", { class: "group", role: "presentation" }, option.group);
    const isHeld = chosen.some((one) => one.value === option.value);
    const node = h(
      "li",
      { role: "option", id: `${id}-${index}`, class: option.none && "none", "aria-selected": String(isHeld), "data-value": option.value },
      h("span", {}, option.text),
      option.description && h("span", { class: "hint" }, option.description),
    );
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      pick(option);
    });
    return [title, node].filter(Boolean);
  }
  function mark(index) {
    const lines = list.querySelectorAll("[role=option]");
    active = Math.max(0, Math.min(index, lines.length - 1));
    lines.forEach((node, number) => node.classList.toggle("active", number === active));
    lines[active]?.scrollIntoView({ block: "nearest" });
    if (lines[active]) field.setAttribute("aria-activedescendant", lines[active].id);
  }

  function pick(option) {
    if (!option || option.none) return;
    if (isMulti) {
      const index = chosen.findIndex((one) => one.value === option.value);
      if (index >= 0) chosen.splice(index, 1);
      else chosen.push(option);
    } else chosen.splice(0, 1, option);
    close();
    choose(option.value);
  }

  const KEYS = {
    ArrowDown: () => (isOpen() ? mark(active + 1) : open()),
    ArrowUp: () => (isOpen() ? mark(active - 1) : open()),
    Home: () => isOpen() && mark(0),
    End: () => isOpen() && mark(shown.length - 1),
    Enter: () => {
      if (!isOpen()) return open();
      if (!question) return pick(shown[active]);
      picksNext = true;
      return question();
    },
    Escape: (event) => isOpen() && (event.stopPropagation(), close()),
    Tab: () => isOpen() && close(),
  };
  field.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.isComposing) return;
    const wasOpen = isOpen();
    if (event.key !== "Tab" && (wasOpen || ["ArrowDown", "ArrowUp", "Enter"].includes(event.key))) event.preventDefault();
    KEYS[event.key](event);
  });
  field.addEventListener("input", () => open(field.value));
  field.addEventListener("click", () => {
    field.select();
    if (!isOpen()) open();
  });
  field.addEventListener("blur", close);
  rest();
  return root;
}

// A button that opens a list; `chosen(option)` hears which was taken.
export function menuButton(label, title, options, chosen, { shown = (option) => option.text.text, kind = "" } = {}) {
  const list = h("div", { class: "options menu", role: "menu", popover: "auto" });
  const button = h("button", { type: "button", class: `button menu-button ${kind}`, "aria-haspopup": "menu", "aria-label": title }, label);
  const items = options.map((option) =>
    h("button", { type: "button", role: "menuitem", onclick: () => (list.hidePopover(), chosen(option)) }, shown(option)),
  );
  list.append(...items);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  });
  button.addEventListener("click", () => {
    list.showPopover();
    place(list, button);
    items[0]?.focus();
  });
  return h("span", { class: "menu-root" }, button, list);
}
