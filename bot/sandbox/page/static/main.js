// Puts the page together and draws it again when something has changed.

import { connect, wish } from "./api.js";
import { composer } from "./composer.js";
import { drawDrawer } from "./drawer.js";
import { drawMessages, drawThread } from "./messages.js";
import { drawConnection, drawHead, drawSidebar, drawSwitcher } from "./sidebar.js";
import { channel, channels, go, here, markRead, onChange, readAddress, status } from "./state.js";
import { drawHome, drawModal, setUpModal } from "./views.js";

const drawComposer = composer(document.getElementById("composer"), false);
let drawReply = { panel: null, draw: () => {} };

function draw() {
  drawConnection();
  if (!status.ready) return;
  if (!channel(here.channel)) go({ channel: (channels().find((each) => each.name === "gpu") ?? channels()[0]).id, thread: null });
  const atHome = Boolean(channel(here.channel)?.is_direct) && here.tab === "home";
  document.getElementById("scroll").hidden = atHome;
  document.getElementById("composer").hidden = atHome;
  if (document.visibilityState === "visible") markRead(here.channel);
  drawSwitcher();
  drawSidebar();
  drawHead();
  drawHome(atHome);
  drawMessages();
  drawThread();
  drawThreadComposer();
  drawComposer();
  drawModal();
  drawDrawer();
}

function drawThreadComposer() {
  const panel = document.getElementById("thread-composer");
  if (!panel) return;
  if (drawReply.panel !== panel) drawReply = { panel, draw: composer(panel, true) };
  drawReply.draw();
}

function toggleDrawer() {
  go({ drawer: !here.drawer });
  wish();
}

document.getElementById("drawer-toggle").addEventListener("click", toggleDrawer);
document.addEventListener("close-drawer", toggleDrawer);
document.addEventListener("visibilitychange", draw);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (here.thread) go({ thread: null });
  else if (here.drawer) toggleDrawer();
});
window.addEventListener("hashchange", () => {
  const before = here.person;
  readAddress();
  if (here.person !== before) wish();
  draw();
});

readAddress();
setUpModal();
onChange(draw);
connect();
