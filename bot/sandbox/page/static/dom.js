// Builds and updates the page's elements. Text from outside only ever becomes text nodes and attributes.

// h("p", {class: "x", onclick: f}, "text", node, null): null and false children are left out.
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Makes the children of `parent` those of `items`, keeping every child whose `sign` is the same: its focus, caret and
// open menus stay. `replaced` hears of a child that took another's place, and takes its focus too.
export function keyed(parent, items, { key, sign, draw, replaced = () => {} }) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const signature = JSON.stringify(sign(item));
    let node = before.get(name);
    if (node?.signature !== signature) {
      const fresh = draw(item);
      fresh.dataset.key = name;
      fresh.signature = signature;
      if (node) {
        if (node === place) place = fresh;
        const focused = node.contains(document.activeElement) ? document.activeElement : null;
        node.replaceWith(fresh);
        replaced(fresh, node);
        if (focused) refocus(fresh, focused);
      }
      node = fresh;
    }
    before.delete(name);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of before.values()) if (node.parentNode === parent) node.remove();
}

// Gives the focus to what stands where the focused element stood, or else to the first thing that takes it.
function refocus(fresh, focused) {
  const same = focused.dataset.action && fresh.querySelector(`[data-action="${CSS.escape(focused.dataset.action)}"]`);
  (same ?? fresh.querySelector("input, textarea, button"))?.focus();
}

// Replaces the children of a part only when what it shows has changed.
export function redraw(parent, shown, draw) {
  const signature = JSON.stringify(shown);
  if (parent.signature === signature) return;
  parent.signature = signature;
  parent.replaceChildren(...[draw()].flat().filter(Boolean));
}

export function toast(text) {
  const node = h("div", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

// Puts a popover right under (or over) what it belongs to.
export function place(popover, anchor, minimum = 0) {
  const box = anchor.getBoundingClientRect();
  popover.style.width = minimum ? `${Math.max(minimum, box.width)}px` : "";
  const below = window.innerHeight - box.bottom;
  const height = popover.offsetHeight;
  const left = Math.min(box.left, window.innerWidth - popover.offsetWidth - 8);
  popover.style.left = `${Math.max(8, left)}px`;
  popover.style.top = below < height + 12 && box.top > below ? `${Math.max(8, box.top - height - 4)}px` : `${box.bottom + 4}px`;
}
