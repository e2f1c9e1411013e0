// Keeps a signed-in visitor's cart the same on every device. This browser's copy is the one the pages show, so the shop works without
// the server's; of two copies the one that changed last stays.
import { loadSession, saveSession } from './api.js';
import { MAX_LINES, cart } from './cart.js';
import { catalogue, toLine } from './catalogue.js';
import { session } from './session.js';

// Changes within this time go up together.
const PAUSE_MS = 500;
// After a failure the next try waits so long.
const RETRY_MS = 15_000;

let timer = null;
let preferences = {};

/** Follows sign-ins, changes of the cart, and the page's return to the front. */
export function keepCartInSync() {
  session.addEventListener('signed-in', () => soon(0));
  cart.addEventListener('edit', () => soon(PAUSE_MS));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && soon(0));
  soon(0);
}

function soon(wait) {
  clearTimeout(timer);
  timer = setTimeout(() => sync().catch(() => session.userId && soon(RETRY_MS)), wait);
}

async function sync() {
  const user = session.userId;
  if (!user) return;
  const remote = await loadSession();
  if (session.userId !== user) return;
  preferences = remote.preferences;
  if (cart.owner === null && cart.lines.length > 0) {
    // Filled before signing in: that joins what the user had elsewhere.
    if (remote.cart.length > 0) await adopt(user, { cart: joined(remote.cart), version: Math.max(Date.now(), remote.version + 1) });
    await upload();
  } else if (cart.owner !== user || remote.version > cart.version) await adopt(user, remote);
  else if (remote.version < cart.version) await upload();
  cart.claim(user);
}

/** Lines of another device and of this one. */
function joined(lines) {
  const here = new Map(cart.lines.map((line) => [line.productId, line.quantity]));
  const both = lines.map((line) => ({ ...line, quantity: Math.max(line.quantity, here.get(line.productId) ?? 0) }));
  const known = new Set(lines.map((line) => line.productId));
  return [...both, ...cart.lines.filter((line) => !known.has(line.productId))].slice(0, MAX_LINES);
}

async function upload() {
  const lines = cart.lines.map(({ productId, quantity }) => ({ productId, quantity }));
  await saveSession({ version: cart.version, cart: lines, preferences });
}

/** Shows what another device has put into the cart, with today's prices; what is not sold any more is left out. */
async function adopt(user, remote) {
  const before = cart.version;
  const known = new Map(cart.lines.map((line) => [line.productId, line]));
  const lines = await Promise.all(
    remote.cart.map(async ({ productId, quantity }) => {
      const line = known.get(productId) ?? (await catalogue.find(productId).then(toLine, gone));
      return line && { ...line, quantity };
    }),
  );
  // A change made here meanwhile is later, and a checkout under way must find its cart again.
  if (session.userId === user && cart.version === before && !cart.isBeingOrdered) cart.replace(lines.filter(Boolean), remote.version);
}

function gone(error) {
  if (error.status === 404) return null;
  throw error;
}
