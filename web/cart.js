// The cart lives in localStorage, so every tab shows the same one and it survives reloads.
import { shared } from './storage.js';

const KEY = 'contoso.cart';
/** Pieces of one product an order may have. */
export const MAX_QUANTITY = 1000;
/** Lines an order may have. */
export const MAX_LINES = 100;

class Cart extends EventTarget {
  constructor() {
    super();
    addEventListener('storage', (event) => {
      if (event.key === KEY || event.key === null) this.#announce();
    });
  }

  /** Lines `{productId, quantity, name, imageUrl, unitPrice, suffix}` in the order they were added. */
  get lines() {
    return this.#read().lines;
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

  /** Shows what a product costs and is called today, without touching the checkout attempt. */
  refresh(line) {
    const cart = this.#read();
    const known = cart.lines.find((each) => each.productId === line.productId);
    if (!known || (known.unitPrice === line.unitPrice && known.name === line.name)) return;
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

  /** Empties the cart if it still belongs to the attempt `key`: another tab may have filled it anew. */
  clear(key) {
    const cart = this.#read();
    if (key === undefined || cart.attempt === key) this.#save([]);
  }

  #read() {
    const cart = shared.read(KEY, null);
    return Array.isArray(cart?.lines) ? cart : { lines: [], attempt: null };
  }

  #save(lines) {
    shared.write(KEY, { lines, attempt: null });
    this.#announce();
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
