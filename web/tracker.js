// What this tab knows of the user's orders. Pushed events, polls, lists and checkout answers all arrive here, in any order and more than once.
import { shared, tab } from './storage.js';

/** How far along a status is; an order never goes back. */
const RANKS = { Accepted: 0, Processing: 1, Completed: 2, Failed: 2, Cancelled: 2 };
const FINAL = 2;
const REMEMBERED = 200;

/** Whether nothing follows `status`. */
export const isFinal = (status) => RANKS[status] === FINAL;

/** The later of two statuses; the first when neither is later. */
export const later = (known, other) => ((RANKS[other] ?? -1) > (RANKS[known] ?? -1) ? other : known);

/**
 * Events: `change` and `finished`, both with `detail = {correlationId, orderId, status}`. `finished` comes once per order and tab, reloads
 * included, and is what a toast is made of.
 *
 * Active orders are kept twice: for this tab (so that another tab that saw the end first cannot hide it from this one over a reload) and
 * for the browser (so that a new tab knows them).
 */
export class Tracker extends EventTarget {
  #orders = new Map();
  #active;
  #announced;
  #keys;
  #onStorage;

  constructor(userId) {
    super();
    this.#keys = { active: `contoso.active.${userId}`, announced: `contoso.announced.${userId}` };
    this.#active = new Set([...tab.read(this.#keys.active, []), ...shared.read(this.#keys.active, [])]);
    this.#announced = new Set(tab.read(this.#keys.announced, []));
    this.#onStorage = (event) => {
      if (event.key !== this.#keys.active) return;
      for (const id of shared.read(this.#keys.active, [])) {
        if (!isFinal(this.statusOf(id)) && !this.#announced.has(id)) this.#active.add(id);
      }
      tab.write(this.#keys.active, [...this.#active]);
    };
    addEventListener('storage', this.#onStorage);
  }

  /** Correlation ids of orders that are not finished as far as this tab knows. */
  get active() {
    return [...this.#active];
  }

  /** The latest status known, or undefined. */
  statusOf(correlationId) {
    return this.#orders.get(correlationId)?.status;
  }

  /**
   * Takes in a status. A repeated event has the status the order already has, and a late one has a lower rank: both change nothing.
   * Orders that were already finished when a page listed them are no news; `pushed` ones always are.
   */
  observe({ correlationId, orderId, status }, { pushed = false } = {}) {
    const rank = RANKS[status];
    if (!correlationId || rank === undefined) return;
    const known = this.#orders.get(correlationId);
    if (known && rank <= RANKS[known.status]) return;
    const order = { correlationId, orderId: orderId ?? known?.orderId ?? null, status };
    this.#remember(order);
    const awaited = this.#active.has(correlationId);
    if (rank < FINAL) this.#activate(correlationId);
    else this.drop(correlationId);
    this.#emit('change', order);
    if (rank === FINAL && (awaited || pushed)) this.#announce(order);
  }

  /** Stops waiting for an order: it is finished, or the server does not know it. */
  drop(correlationId) {
    this.#active.delete(correlationId);
    tab.write(this.#keys.active, [...this.#active]);
    shared.write(
      this.#keys.active,
      shared.read(this.#keys.active, []).filter((id) => id !== correlationId),
    );
  }

  /** Detaches from the browser. The stored ids stay for the next visit unless `forget` is set. */
  close({ forget }) {
    removeEventListener('storage', this.#onStorage);
    if (!forget) return;
    for (const key of Object.values(this.#keys)) tab.write(key, null);
    shared.write(this.#keys.active, null);
  }

  #activate(correlationId) {
    this.#active.add(correlationId);
    tab.write(this.#keys.active, [...this.#active]);
    shared.write(this.#keys.active, [...new Set([...shared.read(this.#keys.active, []), correlationId])].slice(-REMEMBERED));
  }

  #announce(order) {
    if (this.#announced.has(order.correlationId)) return;
    this.#announced.add(order.correlationId);
    tab.write(this.#keys.announced, [...this.#announced].slice(-REMEMBERED));
    this.#emit('finished', order);
  }

  #remember(order) {
    this.#orders.set(order.correlationId, order);
    for (const [id, { status }] of this.#orders) {
      if (this.#orders.size <= REMEMBERED) break;
      if (isFinal(status) && id !== order.correlationId) this.#orders.delete(id);
    }
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
