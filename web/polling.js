// Asks for the status of active orders over HTTP while the hub is out of reach.
import { pollStatus } from './api.js';

const FIRST_MS = 3_000;
const STEADY_MS = 5_000;
const FAILING_MS = 30_000;
const HIDDEN_FACTOR = 4;
// Orders asked about per round; the rest follows in the next ones.
const BATCH = 10;

/** Polls between `start` and `stop`. */
export class Polling {
  #tracker;
  #etags = new Map();
  #timer = null;
  #round = 0;
  #delay = FIRST_MS;

  constructor(tracker) {
    this.#tracker = tracker;
  }

  /** Begins; does nothing while running. */
  start() {
    if (this.#timer === null) this.#schedule((this.#delay = FIRST_MS));
  }

  /** Asks soon again: there is something new to ask about. */
  restart() {
    this.stop();
    this.start();
  }

  /** Ends; an answer on its way is still taken in. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(ms) {
    const wait = ms * (0.9 + 0.2 * Math.random()) * (document.hidden ? HIDDEN_FACTOR : 1);
    const timer = setTimeout(() => this.#tick(timer), wait);
    this.#timer = timer;
  }

  async #tick(timer) {
    const ids = this.#next();
    const outcomes = await Promise.all(ids.map((id) => this.#ask(id)));
    // Stopped, or stopped and started again, while the answers were on their way.
    if (this.#timer !== timer) return;
    if (outcomes.includes('failed')) this.#delay = Math.min(this.#delay * 2, FAILING_MS);
    else if (outcomes.includes('changed') || ids.length === 0) this.#delay = FIRST_MS;
    else this.#delay = Math.min(Math.max(this.#delay * 1.2, FIRST_MS), STEADY_MS);
    this.#schedule(this.#delay);
  }

  #next() {
    const { active } = this.#tracker;
    for (const id of this.#etags.keys()) if (!active.includes(id)) this.#etags.delete(id);
    if (active.length <= BATCH) return active;
    const from = (this.#round++ * BATCH) % active.length;
    return [...active, ...active].slice(from, from + BATCH);
  }

  async #ask(correlationId) {
    try {
      const { etag, status } = await pollStatus(correlationId, this.#etags.get(correlationId));
      if (etag) this.#etags.set(correlationId, etag);
      if (!status) return 'same';
      this.#tracker.observe({ correlationId, orderId: status.orderId, status: status.status, version: status.version });
      return 'changed';
    } catch (error) {
      if (error.status === 404) {
        this.#tracker.drop(correlationId);
        return 'changed';
      }
      return 'failed';
    }
  }
}
