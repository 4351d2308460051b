// What the page knows: the parts that the sandbox pushed, and where the person is looking.

const parts = new Map();
const listeners = new Set();
const readUpTo = new Map(); // "ada/C0GPU00001" -> the time stamp up to which everything there has been read
const born = Date.now() / 1000;
let scheduled = false;

export const here = { person: "ada", channel: null, thread: null, tab: "messages", drawer: false };
export const status = { ready: false, connected: false, lost: false, skew: 0 };

export function onChange(listener) {
  listeners.add(listener);
}

// Draws once for all that changes in one go.
export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    for (const listener of listeners) listener();
  });
}

export function accept(patch) {
  if (patch.person !== here.person) return;
  if (patch.begins) parts.clear();
  for (const name of patch.gone) parts.delete(name);
  for (const [name, part] of Object.entries(patch.set)) parts.set(name, part);
  status.skew = patch.now - Date.now() / 1000;
  status.ready = true;
  changed();
}

export const part = (name, otherwise = null) => parts.get(name) ?? otherwise;
export const now = () => Date.now() / 1000 + status.skew;

export function starting(prefix) {
  const found = [];
  for (const [name, value] of parts) if (name.startsWith(prefix)) found.push([name, value]);
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

export const me = () => part("me");
export const member = (id) => part("people", []).find((each) => each.id === id);
export const channels = () => part("channels", []);
export const channel = (id) => channels().find((each) => each.id === id);
export const messages = (channelId) => starting(`message/${channelId}/`).map(([, message]) => message);
export const message = (channelId, ts) => part(`message/${channelId}/${ts}`);
export const repliesTo = (root) => messages(root.channel).filter((each) => each.thread === root.ts);
export const openView = () => part("views", []).at(-1);

export function channelName(id) {
  const found = channel(id);
  if (!found) return id;
  return found.is_direct ? "gpu-bot" : found.name;
}

const mark = (channelId) => `${here.person}/${channelId}`;
const unreadIn = (channelId) => {
  const since = readUpTo.get(mark(channelId)) ?? born;
  return messages(channelId).filter((each) => Number(each.ts) > since && each.author !== me()?.id);
};

export function markRead(channelId) {
  const last = messages(channelId).at(-1);
  if (last) readUpTo.set(mark(channelId), Number(last.ts));
}

// How many unread messages there are, and how many of them call the person by name (all of them, in direct messages).
export function unread(channelId) {
  const found = unreadIn(channelId);
  const direct = channel(channelId)?.is_direct;
  const calls = found.filter((each) => direct || JSON.stringify([each.text, each.blocks]).includes(`<@${me().id}>`));
  return { count: found.length, calls: calls.length };
}

// Where a link of the make-believe workspace leads, or null for any other address.
export function placeOf(url) {
  const found = /^https:\/\/sandbox\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(url);
  return found && { channel: found[1], thread: found[4] ?? `${found[2]}.${found[3]}` };
}

// Where there is no room for both the drawer and the thread, opening one closes the other.
const isNarrow = matchMedia("(max-width: 1299px)");

export function go(where) {
  Object.assign(here, where);
  if (isNarrow.matches && here.drawer && here.thread) Object.assign(here, where.drawer ? { thread: null } : { drawer: false });
  history.replaceState(null, "", `#${[here.person, here.channel, here.thread].filter(Boolean).join("/")}`);
  changed();
}

export function readAddress() {
  const [person, channelId, thread] = location.hash.slice(1).split("/");
  if (/^[a-z]+$/.test(person)) here.person = person;
  here.channel = channelId || null;
  here.thread = thread || null;
}
