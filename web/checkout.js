// One checkout at a time, repeated with the same key until it is known what became of it.
import { ApiError, placeOrder } from './api.js';
import { cart } from './cart.js';

// Waits between attempts when no answer, or a passing error, came back.
const RETRY_DELAYS_MS = [500, 1_500, 4_000];
const MAX_WAIT_MS = 10_000;

let running = null;

/** Orders what is in the cart and empties it. A call during a running checkout joins it. Throws ApiError. */
export function checkout() {
  running ??= attempt().finally(() => (running = null));
  return running;
}

async function attempt() {
  const key = cart.attemptKey();
  const items = cart.lines.map(({ productId, quantity }) => ({ productId, quantity }));
  for (let tries = 0; ; tries += 1) {
    try {
      const order = await placeOrder(items, key);
      cart.clear(key);
      return order;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The key stands for another body: start over with a new one when the buyer tries again.
      if (error.status === 422) cart.newAttempt();
      if (!error.isTransient || tries >= RETRY_DELAYS_MS.length) throw error;
      const wait = Math.min(Math.max(RETRY_DELAYS_MS[tries], error.retryAfterMs ?? 0), MAX_WAIT_MS);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
