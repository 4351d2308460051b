// Asks before something is done, as a confirm dialog of Block Kit says.

import { text } from "./mrkdwn.js";
import { h } from "./dom.js";

// Whether the person agrees; nothing to ask is agreement.
export function confirmed(question) {
  if (!question) return Promise.resolve(true);
  const dialog = document.getElementById("confirm");
  const answer = (name) => () => dialog.close(name);
  dialog.replaceChildren(
    h("h2", { id: "confirm-title" }, question.title.text),
    h("div", { class: "dialog-body" }, text(question.text)),
    h(
      "div",
      { class: "dialog-foot" },
      h("button", { class: "button", type: "button", onclick: answer("no") }, question.deny.text),
      h("button", { class: `button ${question.style ?? "primary"}`, type: "button", onclick: answer("yes") }, question.confirm.text),
    ),
  );
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
