// What this tab knows of the user's orders. Pushed events, polls, lists and checkout answers all arrive here, in any order and more than once.
import { shared, tab } from './storage.js';

/** The version an order usually has in a status: what a pod of the release before, which sends none, means. */
const USUAL_VERSIONS = { Accepted: 1, Processing: 2, Cancelled: 2, Completed: 3, Failed: 3 };
const FINAL = new Set(['Completed', 'Failed', 'Cancelled']);
const REMEMBERED = 200;

/** Whether nothing follows `status`, but for a requeue. */
export const isFinal = (status) => FINAL.has(status);

/** Counts the order's changes; 0 when nothing is known. */
const versionOf = (order) => order?.version ?? USUAL_VERSIONS[order?.status] ?? 0;

/** The newer of two states of one order, each with its version; the first when neither is newer. */
export const later = (known, other) => (versionOf(other) > versionOf(known) ? other : known);

/**
 * Events: `change` and `finished`, both with `detail = {correlationId, orderId, status, version}`. `finished` comes once per order and tab, reloads
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
        if (!isFinal(this.stateOf(id)?.status) && !this.#announced.has(id)) this.#active.add(id);
      }
      tab.write(this.#keys.active, [...this.#active]);
    };
    addEventListener('storage', this.#onStorage);
  }

  /** Correlation ids of orders that are not finished as far as this tab knows. */
  get active() {
    return [...this.#active];
  }

  /** The latest state known, `{correlationId, orderId, status, version}`, or undefined. */
  stateOf(correlationId) {
    return this.#orders.get(correlationId);
  }

  /**
   * Takes in a status. A repeated event has the version the order already has, and a late one an older: both change nothing.
   * A finished order that is requeued moves on with newer versions, and its new ending is told too.
   * Orders that were already finished when a page listed them are no news; `pushed` ones always are.
   */
  observe({ correlationId, orderId, status, version }, { pushed = false } = {}) {
    if (!correlationId || !(status in USUAL_VERSIONS)) return;
    const known = this.#orders.get(correlationId);
    const order = { correlationId, orderId: orderId ?? known?.orderId ?? null, status, version: versionOf({ status, version }) };
    if (later(known, order) === known) return;
    this.#remember(order);
    const awaited = this.#active.has(correlationId);
    if (isFinal(status)) this.drop(correlationId);
    else this.#activate(correlationId);
    this.#emit('change', order);
    if (isFinal(status) && (awaited || pushed)) this.#announce(order);
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
    this.#announced.delete(correlationId);
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
