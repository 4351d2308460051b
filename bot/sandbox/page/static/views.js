// The views in front of the person: the modal on top of the stack as a dialog, and the app's home tab.

import { act, search } from "./api.js";
import { block, showError } from "./blocks.js";
import { h, keyed, redraw } from "./dom.js";
import { here, openView, part, placeOf } from "./state.js";

const dialog = document.getElementById("modal");
const homeTab = document.getElementById("home-tab");
let showing = null; // The id of the view in the dialog.

export function setUpModal() {
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close(false);
  });
}

export function drawModal() {
  const view = openView();
  if (view?.id !== showing) {
    showing = view?.id ?? null;
    if (dialog.open) dialog.close();
    dialog.replaceChildren();
    if (view) frame();
  }
  if (!view) return;
  fill(view);
  const isNew = !dialog.open;
  if (isNew) dialog.showModal();
  // A view that was only a wait for its form gets its focus late.
  if (isNew || document.activeElement?.id === "modal-title") focusFirst();
}

// What stays while a view changes its content.
function frame() {
  const head = h(
    "header",
    {},
    h("h2", { id: "modal-title", tabindex: "-1" }),
    h("button", { type: "button", class: "quiet close", "aria-label": "Close", onclick: () => close(true) }, "✕"),
  );
  dialog.append(head, h("div", { class: "notice", role: "alert" }), h("div", { class: "dialog-body blocks" }), h("div", { class: "dialog-foot" }));
}

function fill(view) {
  const [head, notice, body, foot] = dialog.children;
  const { definition } = view;
  const title = head.querySelector("h2");
  const isNews = title.textContent && title.textContent !== definition.title.text;
  title.textContent = definition.title.text;
  notice.textContent = view.notice;
  drawBlocks(body, view);
  redraw(foot, [view.id, definition.close, definition.submit], () => footer(view));
  // A form that turned into its outcome has lost the field that had the focus.
  if (isNews && dialog.open && !dialog.contains(document.activeElement)) title.focus();
}

function drawBlocks(parent, view) {
  const desk = deskOf(view);
  keyed(parent, view.definition.blocks, {
    key: (each) => each.block_id,
    sign: (each) => each,
    draw: (each) => h("div", { class: `block is-${each.type}` }, block(each, desk)),
  });
  for (const node of parent.children) showError(node, view.errors[node.dataset.key]);
}

function deskOf(view) {
  const at = (element) => ({ view: view.id, action_id: element.action_id });
  return {
    held: (element, around) => view.state[around.block_id]?.[element.action_id] ?? {},
    press: (element) => press(element, at(element)),
    choose: (element, wanted) => act("choose", { ...at(element), wanted }),
    fill: (element, text, enter = false) => act("fill", { ...at(element), text, enter }),
    search: (element, typed) => search({ ...at(element), typed }),
    submit: view.definition.submit && (() => dialog.querySelector(".submit")?.click()),
  };
}

// A link into the workspace leads behind the modal, so the modal makes way.
async function press(element, place) {
  await act("press", { ...place, value: element.value ?? null });
  if (element.url && placeOf(element.url) && openView()?.id === place.view) close(true);
}

function footer(view) {
  const { close: closing, submit } = view.definition;
  return [
    h("button", { type: "button", class: "button", onclick: () => close(false) }, closing?.text ?? "Cancel"),
    submit && h("button", { type: "button", class: "button primary submit", onclick: (event) => send(event.currentTarget, view) }, submit.text),
  ];
}

// Leaving a field tells what was typed in it, so that it arrives before the submission.
async function send(button, view) {
  if (dialog.contains(document.activeElement)) document.activeElement.blur();
  button.disabled = true;
  button.classList.add("busy");
  const { outcome } = await act("submit", { view: view.id });
  button.disabled = false;
  button.classList.remove("busy");
  if (outcome === "errors" || outcome === "refused") setTimeout(() => dialog.querySelector("[aria-invalid]")?.focus());
}

function close(wholeStack) {
  if (dialog.contains(document.activeElement)) document.activeElement.blur();
  if (showing) act("close", { view: showing, whole_stack: wholeStack });
}

function focusFirst() {
  const wanted = dialog.querySelector("[autofocus]") ?? dialog.querySelector(".dialog-body input, .dialog-body textarea");
  (wanted ?? dialog.querySelector("h2")).focus();
  if (wanted?.select && !wanted.classList.contains("combo")) wanted.select();
}

export function drawHome(isShown) {
  homeTab.hidden = !isShown;
  if (!isShown) return;
  const home = part("home");
  if (!home) {
    redraw(homeTab, here.person, () => h("p", { class: "empty" }, "The bot has not published a home tab for you yet."));
    return;
  }
  if (homeTab.signature !== home.id) homeTab.replaceChildren(h("div", { class: "blocks" }));
  homeTab.signature = home.id;
  drawBlocks(homeTab.firstElementChild, home);
}
