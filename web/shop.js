// Ties a signed-in user's hub connection, polling and order tracker together. There is one at a time.
import { checkSession } from './api.js';
import { Live } from './live.js';
import { Polling } from './polling.js';
import { session } from './session.js';
import { Tracker } from './tracker.js';

/**
 * Lives from sign-in to sign-out. Events: `state` (connection state), `change` and `finished` (orders, see Tracker).
 */
class Shop extends EventTarget {
  #live = null;
  #tracker = null;
  #polling = null;
  /** Connection state, or null when nobody is signed in. */
  state = null;

  /** Opens the hub for the user who is signed in. */
  open() {
    this.close();
    const tracker = new Tracker(session.userId);
    const live = new Live(() => session.freshToken());
    const polling = new Polling(tracker);
    this.#tracker = tracker;
    this.#live = live;
    this.#polling = polling;
    for (const type of ['change', 'finished']) tracker.addEventListener(type, (event) => this.#emit(type, event.detail));
    live.addEventListener('order', ({ detail }) => tracker.observe(detail, { pushed: true }));
    live.addEventListener('failed', () => checkSession().catch(() => {}));
    live.addEventListener('state', ({ detail }) => {
      this.state = detail;
      if (detail === 'connected') {
        polling.stop();
        this.#catchUp(tracker.active);
      } else polling.start();
      this.#emit('state', detail);
    });
    live.start();
  }

  /** Closes the hub. `forget` also removes what this browser remembers of the user's orders. */
  close({ forget = false } = {}) {
    if (!this.#live) return;
    this.#live.stop();
    this.#polling.stop();
    this.#tracker.close({ forget });
    this.#live = this.#polling = this.#tracker = null;
    this.state = null;
    this.#emit('state', null);
  }

  /** The latest state known of an order, with its version. */
  stateOf(correlationId) {
    return this.#tracker?.stateOf(correlationId);
  }

  /** Takes in orders a page has loaded. */
  seen(orders) {
    for (const order of orders)
      this.#tracker?.observe({ correlationId: order.correlationId, orderId: order.id, status: order.status, version: order.version });
  }

  /** Takes in an order that was just placed here; events that came before the answer have already been applied. */
  placed(order) {
    this.seen([order]);
    if (this.#live?.isConnected) this.#catchUp([order.correlationId]);
    else this.#polling?.restart();
  }

  /** The order, as it stood last, was cancelled. */
  cancelled(order) {
    this.#tracker?.observe({ correlationId: order.correlationId, orderId: order.id, status: 'Cancelled', version: order.version + 1 });
  }

  // S2-C4-5: register, then ask, so that nothing that happened while the socket was away is missed.
  async #catchUp(correlationIds) {
    const live = this.#live;
    const tracker = this.#tracker;
    await Promise.all(
      correlationIds.map(async (correlationId) => {
        try {
          await live.invoke('RegisterOrder', correlationId);
          const answer = await live.invoke('GetCurrentStatus', correlationId);
          if (answer) tracker.observe({ ...answer, correlationId });
          else tracker.drop(correlationId);
        } catch {
          // Lost the connection: the next one asks again. Refused while connected: the order is not this user's, or gone.
          if (live.isConnected) tracker.drop(correlationId);
        }
      }),
    );
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

export const shop = new Shop();
