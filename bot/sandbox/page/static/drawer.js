// The drawer "Novita": what the make-believe cloud sells, how it misbehaves, what runs there, and the bot's calls to it.

import { stage, steer } from "./api.js";
import { calls, clearCalls } from "./calls.js";
import { length } from "./dates.js";
import { h, keyed, redraw } from "./dom.js";
import { menuButton } from "./select.js";
import { here, now, part, starting } from "./state.js";

const panel = document.getElementById("drawer");
const dollars = (price) => (price ? `$${(price / 100_000).toFixed(2)}` : "–");
const regionName = (cluster) => cluster.name.split(" (")[0];

const ENDPOINTS = [["create", "create"], ["instances", "list of instances"], ["products", "products"], ["clusters", "regions"], ["templates", "templates"], ["template", "one template"], ["instance", "one instance"], ["start", "start"], ["stop", "stop"], ["restart", "restart"], ["delete", "delete"], ["", "every call"]];
const FAULTS = {
  "429, wait 2 s": { kind: "rate_limited", retry_after: "2" },
  "500": { kind: "server_error", status: 500 },
  "answer lost, it took effect": { kind: "reset", has_effect: true },
  "lost before it took effect": { kind: "reset", has_effect: false },
  "502, it took effect": { kind: "server_error", status: 502, has_effect: true },
  "no answer at all": { kind: "hang", has_effect: true },
  "not JSON": { kind: "not_json", has_effect: false },
  "3 s late": { kind: "slow", seconds: 3 },
  "no money": { kind: "refused", status: 400, reason: "NOT_ENOUGH_BALANCE", message: "not enough balance" },
};
const SHELF_STATES = { stocked: "in stock", refuses: "refuses at create", sold_out: "sold out" };

export function drawDrawer() {
  panel.hidden = !here.drawer;
  document.body.classList.toggle("with-drawer", here.drawer);
  document.getElementById("drawer-toggle").setAttribute("aria-expanded", String(here.drawer));
  if (!here.drawer || !part("novita/pace")) return;
  if (!panel.firstChild) frame();
  const slot = (name) => panel.querySelector(`[data-slot=${name}]`);
  drawPace();
  redraw(slot("faults"), part("novita/faults"), activeFaults);
  drawRegions(slot("regions"));
  drawMachines(slot("machines"));
  redraw(slot("images"), part("novita/images"), images);
  redraw(slot("problems"), [part("problems"), part("novita/violations")], problems);
  calls(slot("calls"));
}

const group = (title, open, ...inside) => h("details", { open }, h("summary", {}, title), ...inside);
const slotted = (name, tag = "div", props = {}) => h(tag, { "data-slot": name, ...props });

function frame() {
  panel.replaceChildren(
    h(
      "header",
      {},
      h("h2", {}, "Novita ", h("span", { class: "hint" }, "the make-believe cloud")),
      h("button", { type: "button", class: "quiet close", "aria-label": "Close drawer", onclick: () => document.dispatchEvent(new Event("close-drawer")) }, "✕"),
    ),
    h(
      "div",
      { class: "drawer-body" },
      group("Instances", true, slotted("machines")),
      group("The bot's calls", true, callsBar(), slotted("calls", "ol", { class: "calls" })),
      group("Regions, prices and stock", true, scenes(), slotted("regions")),
      group("Pace", false, pace()),
      group("Make calls fail", true, faultForm(), slotted("faults")),
      group("Images", false, h("p", { class: "hint" }, "Instances made from a marked template from now on cannot pull its image."), slotted("images")),
      group("What Slack or Novita would object to", true, slotted("problems")),
    ),
  );
}

const scenes = () =>
  h(
    "div",
    { class: "row" },
    h("button", { type: "button", class: "button small", onclick: () => stage("first_choices_refuse") }, "First choices refuse"),
    h("button", { type: "button", class: "button small", onclick: () => stage("everything_in_stock") }, "Everything in stock"),
  );

const callsBar = () =>
  h(
    "div",
    { class: "row" },
    h("label", { class: "tick" }, h("input", { type: "checkbox", id: "all-calls", onchange: drawDrawer }), h("span", {}, "Reads too")),
    h("button", { type: "button", class: "button small", onclick: clearCalls }, "Clear"),
  );

function pace() {
  const slider = (id, label, max, step, unit, send) =>
    h(
      "label",
      { class: "slider" },
      h("span", {}, label),
      h("input", { type: "range", id, min: step, max, step, oninput: (event) => (event.target.nextSibling.textContent = `${event.target.value} ${unit}`), onchange: (event) => send(Number(event.target.value)) }),
      h("output", {}),
    );
  return [
    slider("boot", "From create to running", 120, 1, "s", (seconds) => steer("boot", { seconds })),
    slider("latency", "Each call takes", 3000, 50, "ms", (milliseconds) => steer("latency", { seconds: milliseconds / 1000 })),
  ];
}

function drawPace() {
  const show = (id, value, unit) => {
    const input = panel.querySelector(`#${id}`);
    if (document.activeElement === input && input.matches(":active")) return;
    if (id === "latency") input.min = 0;
    input.value = value;
    input.nextSibling.textContent = `${value} ${unit}`;
  };
  show("boot", part("novita/pace").boot_seconds, "s");
  show("latency", Math.round(part("novita/pace").latency * 1000), "ms");
}

function faultForm() {
  const choose = (label, options) => h("select", { "aria-label": label }, options.map(([value, shown]) => h("option", { value }, shown)));
  const endpoint = choose("Which call", ENDPOINTS);
  const kind = choose("What happens", Object.keys(FAULTS).map((name) => [name, name]));
  const times = choose("How often", [["1", "once"], ["3", "3 times"], ["", "until mended"]]);
  const add = () => steer("fault", { ...FAULTS[kind.value], endpoint: endpoint.value || null, times: times.value ? Number(times.value) : null });
  return h("div", { class: "row fault-form" }, endpoint, kind, times, h("button", { type: "button", class: "button small", onclick: add }, "Break it"));
}

function activeFaults() {
  const { queued, standing } = part("novita/faults");
  const waiting = Object.entries(queued).map(([name, faults]) => [`next: ${faults.join(", ")}`, name]);
  const lasting = Object.entries(standing).map(([name, fault]) => [`until mended: ${fault}`, name]);
  const calls = new Map();
  for (const [fault, name] of [...waiting, ...lasting]) calls.set(fault, [...(calls.get(fault) ?? []), name]);
  const lines = [...calls].map(([fault, names]) => `${names.length > 9 ? `${names.length} kinds of call` : names.join(", ")}, ${fault}`);
  if (!lines.length) return h("p", { class: "hint" }, "Nothing is broken.");
  return [h("ul", { class: "active-faults" }, lines.map((line) => h("li", {}, line))), h("button", { type: "button", class: "button small", onclick: () => steer("clear_faults", {}) }, "Mend all")];
}

const shelfState = (shelf) => (shelf.stock === "none" ? "sold_out" : shelf.refuses_create ? "refuses" : "stocked");

function drawRegions(parent) {
  const shelves = part("novita/shelves");
  keyed(parent, part("novita/regions"), {
    key: (cluster) => cluster.id,
    sign: (cluster) => cluster.id,
    draw: () => h("div", { class: "region" }, h("details", {}, h("summary", {}), h("table", {}, h("tbody"))), h("div", { class: "region-state" })),
  });
  for (const cluster of part("novita/regions")) {
    const node = parent.querySelector(`[data-key="${cluster.id}"]`);
    const own = shelves.filter((shelf) => shelf.region === regionName(cluster));
    const shown = [cluster, own.map((shelf) => [shelf.stock, shelf.refuses_create])];
    redraw(node.querySelector("summary"), shown, () => regionLine(cluster, own));
    redraw(node.querySelector(".region-state"), shown, () => regionMenu(cluster, own));
    redraw(node.querySelector("tbody"), own, () => own.map((shelf) => shelfRow(cluster, shelf)));
  }
}

// Beside the summary and not in it: what is pressed inside a summary is not reached by a screen reader.
function regionMenu(cluster, own) {
  const states = new Set(own.map(shelfState));
  const state = !cluster.is_open ? "closed" : states.size === 1 ? [...states][0] : "mixed";
  return stateMenu(`All of ${regionName(cluster)}`, { mixed: "mixed", ...SHELF_STATES, closed: "closed" }, state, (wanted) => setRegion(cluster, own, wanted));
}

function regionLine(cluster, own) {
  const [, town] = /\((.+)\)/.exec(cluster.name) ?? [];
  return [
    h("strong", {}, regionName(cluster)),
    h("span", { class: "hint" }, town),
    h("span", { class: "dots", "aria-hidden": "true" }, own.map((shelf) => h("i", { class: cluster.is_open ? shelfState(shelf) : "closed", title: `${shelf.product_id}: ${SHELF_STATES[shelfState(shelf)]}` }))),
  ];
}

async function setRegion(cluster, own, wanted) {
  if (wanted === "mixed") return;
  await steer("region", { region: cluster.id, is_open: wanted !== "closed" });
  if (wanted === "closed") return;
  for (const shelf of own) await steer("stock", stockOf(cluster, shelf, wanted));
}

function stockOf(cluster, shelf, wanted) {
  const kept = shelf.stock === "none" ? "normal" : shelf.stock;
  return { region: cluster.id, product_name: shelf.product_id, stock: wanted === "stocked" ? kept : "none", at_create: wanted === "refuses" };
}

function shelfRow(cluster, shelf) {
  return h(
    "tr",
    {},
    h("td", {}, h("i", { class: shelfState(shelf) }), ` ${shelf.product_name}`, h("span", { class: "hint" }, ` ${shelf.product_id}`)),
    h("td", { class: "number", title: "spot / on demand, per GPU-hour" }, `${dollars(shelf.spot_price)} / ${dollars(shelf.price)}`),
    h("td", {}, stateMenu(`${shelf.product_id} in ${regionName(cluster)}`, { ...SHELF_STATES, stocked: shelf.stock === "none" ? "in stock" : `in stock (${shelf.stock})` }, shelfState(shelf), (wanted) => setShelf(cluster, shelf, wanted))),
  );
}

async function setShelf(cluster, shelf, wanted) {
  // A shelf that was sold out has to be filled before it can promise what it does not keep.
  if (wanted === "refuses" && shelf.stock === "none") await steer("stock", stockOf(cluster, shelf, "stocked"));
  await steer("stock", stockOf(cluster, shelf, wanted));
}

function stateMenu(label, states, state, chosen) {
  const options = Object.entries(states).map(([value, shown]) => h("option", { value, selected: value === state, disabled: value === "mixed" }, shown));
  const node = h("select", { "aria-label": label, class: state, onchange: () => chosen(node.value), onclick: (event) => event.stopPropagation() }, options);
  return node;
}

function drawMachines(parent) {
  const machines = starting("novita/machine/").map(([, machine]) => machine).sort((a, b) => b.created_at - a.created_at);
  if (!machines.length) {
    redraw(parent, "none", () => h("p", { class: "hint" }, "None yet. They appear here when the bot has made them."));
    return;
  }
  if (parent.signature) Object.assign(parent, { signature: "" }).replaceChildren();
  keyed(parent, machines, { key: (each) => each.id, sign: ({ since, ...each }) => each, draw: machineCard });
  for (const node of parent.children) {
    const machine = part(`novita/machine/${node.dataset.key}`);
    node.querySelector(".for").textContent = ` for ${length(now() - machine.since)}`;
  }
}

const DEEDS = [
  ["boot", "Be running now"],
  ["report", "Its program reports “epoch 3, loss 0.21”"],
  ["report", "Its program reports that it is done", { text: "training is done, accuracy 0.93", level: "done" }],
  ["notice", "Spot notice: gone in a minute", { seconds: 60 }],
  ["reclaim", "Reclaim it now (spot)"],
  ["status", "Fail its image pull", { status: "exited", error: ["pullFailed", "image pull failed"] }],
  ["status", "Show a status nobody knows", { status: "hibernating" }],
  ["stop", "Stop it in Novita's console"],
  ["start", "Start it in Novita's console"],
  ["vanish", "Vanish without a word"],
];

function machineCard(machine) {
  const billing = machine.billingMode === "spot" ? "spot" : "on demand";
  const spot = machine.spotStatus && machine.spotStatus !== "running" ? ` · ${machine.spotStatus}` : "";
  return h(
    "article",
    { class: "machine" },
    h("div", { class: "grow" }, h("strong", {}, machine.name), h("div", { class: "hint" }, `${machine.gpuNum} × ${machine.productName} · ${machine.clusterName} · ${dollars(machine.price)}/h ${billing}`)),
    h("div", { class: "now" }, h("span", { class: `state ${machine.error ? "failed" : machine.status}` }, machine.error || machine.status), h("span", { class: "hint for" }), h("span", { class: "hint" }, spot)),
    menuButton("⋯", `What happens to ${machine.name}`, DEEDS.filter(([deed]) => machine.billingMode === "spot" || !["notice", "reclaim"].includes(deed)), ([deed, , more]) => steer("instance", { id: machine.id, do: deed, ...more }), { shown: ([, label]) => label }),
  );
}

const images = () =>
  part("novita/images").map(({ image, name, is_broken: isBroken }) =>
    h("label", { class: "tick" }, h("input", { type: "checkbox", checked: isBroken, onchange: (event) => steer("image", { image, broken: event.target.checked }) }), h("span", {}, name, h("span", { class: "hint" }, ` ${image}`))),
  );

function problems() {
  const found = [...part("problems", []).map((each) => `Slack: ${each}`), ...part("novita/violations", []).map((each) => `Novita: ${each}`)];
  return found.length ? h("ul", { class: "problems" }, found.map((each) => h("li", {}, each))) : h("p", { class: "hint" }, "Nothing.");
}
