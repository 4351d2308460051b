// Talks to the sandbox: deeds by POST, news over one websocket.

import { toast } from "./dom.js";
import { accept, changed, go, here, status } from "./state.js";

const NOBODY = 1008; // The address named somebody who is not there.
const LONGEST_PAUSE = 4000;
let socket = null;
let pause = 250;

async function post(path, body) {
  let answer;
  try {
    const headers = { "Content-Type": "application/json" };
    answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    toast("The sandbox does not answer. Is it still running?");
    return { failed: true };
  }
  const told = await answer.json().catch(() => ({}));
  if (told.error) toast(told.error);
  if (told.trouble) toast(`The bot could not be reached: ${told.trouble}`);
  return { ...told, failed: !answer.ok };
}

// One deed after the other: what was typed arrives before the button that was pressed after it.
let queue = Promise.resolve();
export function act(deed, body) {
  const path = `/people/${here.person}/${deed}`;
  const done = queue.then(() => post(path, body));
  queue = done;
  return done;
}

export const search = (body) => post(`/people/${here.person}/search`, body);
export const steer = (command, body) => post(`/novita/${command}`, body);
export const stage = (scene) => post(`/scenes/${scene}`, {});

// Says as whom the page looks, and whether the drawer is open.
export function wish() {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ person: here.person, drawer: here.drawer }));
}

export function connect() {
  socket = new WebSocket(`ws://${location.host}/live`);
  socket.addEventListener("open", () => {
    pause = 250;
    Object.assign(status, { connected: true, lost: false });
    wish();
    changed();
  });
  socket.addEventListener("message", (event) => accept(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    if (event.code === NOBODY) go({ person: "ada", channel: null, thread: null });
    Object.assign(status, { connected: false, lost: true });
    changed();
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  });
}
