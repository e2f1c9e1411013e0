// V-18, V-19: what the page shows while it connects, and when it tries and asks again. The page's clock is ours, so nothing is waited for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newVisitor, NETWORK_NOISE, order, signIn, startBrowser } from '../support/browser.mjs';
import { startShop } from '../support/shop.mjs';
import { until } from '../support/wait.mjs';

const HUB = /\/hubs\/order-status/;
// How finely the clock is moved, in milliseconds.
const STEP = 200;

let shop, browser;
before(async () => {
  shop = await startShop({ processingTime: '10m' });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});

/** A tab whose sockets `answer` decides about and whose chance is always `random`. */
async function controlledTab({ answer, random = 0.5 }) {
  const visitor = await newVisitor(browser, shop.origin);
  await visitor.context.addInitScript((value) => (Math.random = () => value), random);
  await visitor.context.clock.install();
  const sockets = [];
  await visitor.context.routeWebSocket(HUB, (socket) => {
    sockets.push(socket);
    answer(socket);
  });
  const tab = await visitor.openTab();
  // The page's own clock stands still from here on.
  await tab.page.clock.pauseAt(Date.now() + 1_000);
  /** Moves the clock until `count()` grows; how long that took there. */
  const elapsesUntil = async (count, limit) => {
    const before = count();
    for (let elapsed = 0; elapsed <= limit; elapsed += STEP) {
      // What the page does without a timer, such as taking in an answer, has no part in the measure.
      await tab.page.evaluate(() => fetch('/favicon.ico').then((answer) => answer.text()));
      if (count() > before) return elapsed;
      await tab.page.clock.runFor(STEP);
    }
    throw new Error(`nothing happened within ${limit} ms of the page's time`);
  };
  return { visitor, tab, sockets, elapsesUntil };
}

const about = (ms, expected, what) =>
  assert.ok(ms >= expected - STEP && ms <= expected + 3 * STEP, `${what}: ${ms} ms instead of ${expected}`);

test('the page says that it connects, is connected, reconnects', async () => {
  let answered = false;
  const { visitor, tab, sockets } = await controlledTab({ answer: (socket) => answered && socket.connectToServer() });
  await signIn(tab, 'nora');
  // The socket opens, but nobody answers the handshake.
  await until('the first socket', () => sockets.length === 1);
  await tab.pill('Connecting');
  answered = true;
  await sockets[0].close();
  // The first wait is that after one failure.
  await tab.pill('Offline: polling');
  await tab.page.clock.runFor(2_000);
  await tab.pill('Connected');
  answered = false;
  await tab.page.clock.runFor(6_000);
  await sockets[1].close();
  await tab.pill('Reconnecting');
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});

for (const [random, longest] of [
  [0, 24_000],
  [1, 36_000],
]) {
  test(`attempts come after 2, 10, 30 and then ${longest / 1000} s`, async () => {
    const { visitor, tab, sockets, elapsesUntil } = await controlledTab({ answer: (socket) => socket.close(), random });
    await signIn(tab, 'rita');
    await until('the first attempt', () => sockets.length === 1);
    for (const wait of [2_000, 10_000, 30_000, longest, longest]) {
      about(await elapsesUntil(() => sockets.length, 40_000), wait, `attempt ${sockets.length}`);
    }
    await visitor.close();
  });
}

test('a hidden page polls four times slower', async () => {
  const { visitor, tab, elapsesUntil } = await controlledTab({ answer: (socket) => socket.close() });
  await signIn(tab, 'hilda');
  await tab.pill('Offline: polling');
  await order(tab);
  const next = () => elapsesUntil(tab.polls, 25_000);
  let wait = 0;
  for (let n = 0; n < 8 && wait < 4_900; n += 1) wait = await next();
  about(await next(), 5_000, 'a visible page');
  await tab.page.evaluate(() => Object.defineProperty(document, 'hidden', { get: () => true }));
  // This one was arranged while the page was visible.
  await next();
  about(await next(), 20_000, 'a hidden page');
  await visitor.close();
});
