// The cart lives in localStorage, so every tab shows the same one and it survives reloads. `cart-sync.js` takes it to other devices.
import { shared } from './storage.js';

const KEY = 'contoso.cart';
/** Pieces of one product an order may have. */
export const MAX_QUANTITY = 1000;
/** Lines an order may have. */
export const MAX_LINES = 100;

/** Events: `change` when there is something to draw anew, `edit` when the visitor changed the cart in this tab. */
class Cart extends EventTarget {
  constructor() {
    super();
    addEventListener('storage', (event) => {
      if (event.key === KEY || event.key === null) this.#announce();
    });
  }

  /** Lines `{productId, quantity, name, imageUrl, unitPrice, suffix, stock}` in the order they were added. */
  get lines() {
    return this.#read().lines;
  }

  /** When the visitor last changed it, in milliseconds since 1970; 0 before the first time. */
  get version() {
    return this.#read().version ?? 0;
  }

  /** Whose it is; null before anybody signed in. */
  get owner() {
    return this.#read().owner ?? null;
  }

  /** Whether a checkout was begun and nobody knows yet what became of it. */
  get isBeingOrdered() {
    return Boolean(this.#read().attempt);
  }

  /** Makes it the user's. */
  claim(user) {
    const cart = this.#read();
    if (cart.owner !== user) shared.write(KEY, { ...cart, owner: user });
  }

  /** Shows what another device has made of it. */
  replace(lines, version) {
    shared.write(KEY, { ...this.#read(), lines, version, attempt: null });
    this.#announce();
  }

  /** Pieces in all. */
  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  /** Sum over the lines. */
  get total() {
    return this.lines.reduce((sum, line) => sum + Math.round(line.unitPrice * 100) * line.quantity, 0) / 100;
  }

  /** Adds pieces of a product; false when the cart already holds as many different products as an order takes. */
  add(line, quantity = 1) {
    const lines = this.lines;
    const known = lines.find((each) => each.productId === line.productId);
    if (known) known.quantity = clamp(known.quantity + quantity);
    else if (lines.length < MAX_LINES) lines.push({ ...line, quantity: clamp(quantity) });
    else return false;
    this.#save(lines);
    return true;
  }

  /** Sets a line's quantity; 0 removes it. */
  set(productId, quantity) {
    const lines = this.lines;
    const known = lines.find((each) => each.productId === productId);
    if (!known) return;
    if (quantity <= 0) this.#save(lines.filter((each) => each !== known));
    else {
      known.quantity = clamp(quantity);
      this.#save(lines);
    }
  }

  /** Shows what a product costs and is called today, and what is left of it, without touching the checkout attempt. */
  refresh(line) {
    const cart = this.#read();
    const known = cart.lines.find((each) => each.productId === line.productId);
    if (!known || ['unitPrice', 'name', 'stock'].every((field) => known[field] === line[field])) return;
    Object.assign(known, line);
    shared.write(KEY, cart);
    this.#announce();
  }

  /**
   * The key of this checkout attempt. It belongs to the cart's contents and is stored with them, so that a double click, a retry,
   * a reload or a second tab repeats the attempt instead of ordering twice; any change of the cart starts a new one.
   */
  attemptKey() {
    const cart = this.#read();
    cart.attempt ??= crypto.randomUUID?.() ?? randomKey();
    shared.write(KEY, cart);
    return cart.attempt;
  }

  /** Forgets the attempt, so that the next checkout is a new one. */
  newAttempt() {
    this.#save(this.lines);
  }

  /** Empties this browser's copy; the user's own stays with the server. */
  forget() {
    shared.write(KEY, null);
    this.#announce();
  }

  /** Empties the cart if it still belongs to the attempt `key`: another tab may have filled it anew. */
  clear(key) {
    const cart = this.#read();
    if (cart.attempt === key) this.#save([]);
  }

  #read() {
    const cart = shared.read(KEY, null);
    return Array.isArray(cart?.lines) ? cart : { lines: [], attempt: null, version: 0, owner: null };
  }

  #save(lines) {
    const { version = 0, owner = null } = this.#read();
    shared.write(KEY, { lines, attempt: null, version: Math.max(Date.now(), version + 1), owner });
    this.#announce();
    this.dispatchEvent(new Event('edit'));
  }

  #announce() {
    this.dispatchEvent(new Event('change'));
  }
}

const clamp = (quantity) => Math.min(MAX_QUANTITY, Math.max(1, Math.trunc(quantity) || 1));

// `randomUUID` is missing on plain HTTP pages that are not on localhost.
const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const cart = new Cart();
