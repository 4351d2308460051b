// Draws Block Kit. The two tables say what is supported; what is in neither is shown as such.
//
// `desk` is what surrounds the blocks: `held(element, block)` gives an element's state, `press`, `choose`, `fill` and
// `search` pass on what the person does with it.

import { at, slackDate } from "./dates.js";
import { h } from "./dom.js";
import { channelLink, follow, link, mention, mrkdwn, text, withEmoji } from "./mrkdwn.js";
import { confirmed } from "./confirm.js";
import { menuButton, select } from "./select.js";

const BLOCKS = {
  header: (block) => h("h2", {}, text(block.text)),
  divider: () => h("hr"),
  section,
  context: (block, desk) => h("div", { class: "context" }, block.elements.map((each) => inContext(each, desk))),
  actions: (block, desk) => h("div", { class: "actions" }, block.elements.map((each) => element(each, block, desk))),
  input,
  image: (block) => h("figure", {}, block.title && h("figcaption", {}, text(block.title)), picture(block)),
  alert: (block) => h("div", { class: `alert ${block.level ?? "default"}` }, text(block.text)),
  rich_text: (block) => h("div", { class: "rich" }, block.elements.map(richPart)),
  markdown: (block) => h("div", { class: "text" }, mrkdwn(block.text.replace(/\*\*(.+?)\*\*/g, "*$1*"))),
  table: (block) => h("div", { class: "scrolling" }, h("table", {}, block.rows.map(tableRow))),
};

const ELEMENTS = {
  button,
  overflow: (each, _, desk) => menuButton("⋯", "More actions", each.options, (option) => overflowChosen(each, option, desk)),
  image: picture,
  static_select: choice,
  external_select: choice,
  conversations_select: choice,
  channels_select: choice,
  users_select: choice,
  multi_static_select: choice,
  multi_external_select: choice,
  multi_conversations_select: choice,
  multi_channels_select: choice,
  multi_users_select: choice,
  radio_buttons: (each, block, desk) => ticks("radio", each, block, desk),
  checkboxes: (each, block, desk) => ticks("checkbox", each, block, desk),
  plain_text_input: (each, block, desk) => field(each, block, desk, each.multiline ? "textarea" : "input"),
  number_input: (each, block, desk) => field(each, block, desk, "input", { inputmode: "numeric" }),
  url_text_input: (each, block, desk) => field(each, block, desk, "input", { inputmode: "url" }),
  email_text_input: (each, block, desk) => field(each, block, desk, "input", { inputmode: "email" }),
  datepicker: (each, block, desk) => picker("date", "selected_date", each, block, desk),
  timepicker: (each, block, desk) => picker("time", "selected_time", each, block, desk),
  datetimepicker: momentPicker,
};

export const block = (each, desk) => (BLOCKS[each.type] ?? unsupported)(each, desk);
const element = (each, around, desk) => (ELEMENTS[each.type] ?? unsupported)(each, around, desk);

function unsupported(each) {
  const shown = JSON.stringify(each, null, 2);
  return h("details", { class: "unsupported" }, h("summary", {}, `This page cannot draw “${each.type}”`), h("pre", {}, shown));
}

function section(each, desk) {
  return h(
    "div",
    { class: "section" },
    h(
      "div",
      { class: "grow" },
      each.text && text(each.text),
      each.fields && h("div", { class: "fields" }, each.fields.map(text)),
    ),
    each.accessory && h("div", { class: "accessory" }, element(each.accessory, each, desk)),
  );
}

const inContext = (each) => (each.type === "image" ? picture(each) : text(each));

// No request leaves this page, so a picture is its description in a frame.
function picture(each) {
  return h("span", { class: "picture", role: "img", "aria-label": each.alt_text }, `🖼 ${each.alt_text}`);
}

const tableRow = (row, index) => h("tr", {}, row.map((cell) => h(index ? "td" : "th", {}, tableCell(cell))));
const tableCell = (cell) => (cell.type === "rich_text" ? cell.elements.map(richPart) : String(cell.text ?? cell.value ?? ""));

function input(each, desk) {
  const id = `field-${each.block_id}`;
  const drawn = element(each.element, each, desk);
  const control = drawn.matches("input, textarea") ? drawn : drawn.querySelector("input, textarea");
  const isGroup = drawn.matches("fieldset");
  if (control && !isGroup) control.id = id;
  if (isGroup) drawn.setAttribute("aria-label", each.label.text);
  const label = [each.label.text, each.optional && h("span", { class: "optional" }, " (optional)")];
  return h(
    "div",
    { class: "input" },
    isGroup ? h("div", { class: "label" }, label) : h("label", { class: "label", for: id }, label),
    drawn,
    h("div", { class: "error", role: "alert" }),
    each.hint && h("div", { class: "hint" }, each.hint.text),
  );
}

// Writes or takes away the sentence under a field.
export function showError(node, sentence) {
  const place = node.querySelector(".input > .error");
  if (!place || place.textContent === (sentence ?? "")) return;
  place.textContent = sentence ?? "";
  const control = node.querySelector("input, textarea");
  if (sentence) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
}

function button(each, _, desk) {
  const node = h(
    "button",
    { type: "button", class: `button ${each.style ?? ""}`, "data-action": each.action_id, "aria-label": each.accessibility_label },
    withEmoji(each.text.text),
    each.url && h("span", { "aria-hidden": "true" }, " ↗"),
  );
  node.addEventListener("click", async () => {
    if (!(await confirmed(each.confirm))) return;
    node.disabled = true;
    await desk.press(each);
    node.disabled = false;
    if (each.url) follow(each.url);
  });
  return node;
}

async function overflowChosen(each, option, desk) {
  if (!(await confirmed(each.confirm))) return;
  await desk.choose(each, option.value ?? option.text.text);
  if (option.url) follow(option.url);
}

function choice(each, around, desk) {
  return select(each, desk.held(each, around), {
    choose: async (wanted) => (await confirmed(each.confirm)) && desk.choose(each, wanted),
    search: (typed) => desk.search(each, typed),
  });
}

function ticks(kind, each, around, desk) {
  const held = desk.held(each, around);
  const chosen = held.selected_options ?? (held.selected_option ? [held.selected_option] : []);
  const name = `${around.block_id}-${each.action_id}`;
  const option = (one) =>
    h(
      "label",
      { class: "tick" },
      h("input", {
        type: kind,
        name,
        checked: chosen.some((other) => other.value === one.value),
        onchange: () => desk.choose(each, one.value),
      }),
      h("span", {}, text(one.text), one.description && h("span", { class: "hint" }, text(one.description))),
    );
  return h("fieldset", { class: "ticks" }, each.options.map(option));
}

function field(each, around, desk, tag, more = {}) {
  const node = h(tag, {
    class: "field",
    "data-action": each.action_id,
    placeholder: each.placeholder?.text,
    autofocus: each.focus_on_load,
    maxlength: each.max_length,
    autocomplete: "off",
    spellcheck: "false",
    value: desk.held(each, around).value ?? "",
    ...more,
  });
  const told = each.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const everyKey = around.dispatch_action && told.includes("on_character_entered");
  const onEnter = around.dispatch_action && told.includes("on_enter_pressed");
  node.addEventListener(everyKey ? "input" : "change", () => desk.fill(each, node.value));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || tag === "textarea") return;
    event.preventDefault();
    if (onEnter) desk.fill(each, node.value, true);
    else desk.submit?.();
  });
  return node;
}

function picker(type, slot, each, around, desk) {
  const node = h("input", { type, class: "field", value: desk.held(each, around)[slot] ?? "" });
  node.addEventListener("change", async () => node.value && (await confirmed(each.confirm)) && desk.choose(each, node.value));
  return node;
}

// The browser's own field shows local time, Slack wants Unix seconds.
function momentPicker(each, around, desk) {
  const unix = desk.held(each, around).selected_date_time;
  const local = unix ? new Date((unix - new Date().getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16) : "";
  const node = h("input", { type: "datetime-local", class: "field", value: local });
  node.addEventListener("change", () => node.value && desk.choose(each, String(Math.floor(new Date(node.value) / 1000))));
  return node;
}

const RICH_PARTS = {
  rich_text_section: (part) => h("div", { class: "text" }, part.elements.map(run)),
  rich_text_quote: (part) => h("blockquote", {}, part.elements.map(run)),
  rich_text_preformatted: (part) => h("pre", {}, part.elements.map(run)),
  rich_text_list: (part) =>
    h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent ?? 0}` }, part.elements.map((each) => h("li", {}, each.elements.map(run)))),
};
const RUNS = {
  text: (each) => each.text,
  link: (each) => link(each.url, each.text),
  emoji: (each) => withEmoji(`:${each.name}:`),
  user: (each) => mention(each.user_id),
  channel: (each) => channelLink(each.channel_id),
  broadcast: (each) => h("span", { class: "mention" }, `@${each.range}`),
  date: (each) => h("time", { title: at(each.timestamp).toString() }, slackDate(`!date^${each.timestamp}^${each.format}`, each.fallback ?? "")),
};
const RUN_STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

const richPart = (part) => (RICH_PARTS[part.type] ?? unsupported)(part);

function run(each) {
  const styles = Object.keys(RUN_STYLES).filter((name) => each.style?.[name]);
  return styles.reduce((inner, name) => h(RUN_STYLES[name], {}, inner), (RUNS[each.type] ?? unsupported)(each));
}
