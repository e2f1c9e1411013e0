// V-19: an outage longer than the 42 s after which the stock client would have given up. Waits for real: this is the slow one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { NETWORK_NOISE, newVisitor, order, showsStatus, signIn, startBrowser } from '../support/browser.mjs';
import { startFront } from '../support/front.mjs';
import { ordersOf, startShop } from '../support/shop.mjs';
import { until } from '../support/wait.mjs';

const OUTAGE_MS = 46_000;

let shop, front, browser;
before(async () => {
  shop = await startShop({ processingTime: '3s' });
  front = await startFront(shop);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await front?.stop();
  await shop?.stop();
});

test('after a long outage the page comes back by itself and tells once what it missed', async () => {
  const visitor = await newVisitor(browser, front.origin);
  const tab = await visitor.openTab();
  await signIn(tab, 'olga');
  await tab.pill('Connected');
  const id = await order(tab);
  await front.down();
  const since = Date.now();
  await tab.pill('Offline: polling');
  await until(
    'the order to complete behind the page’s back',
    async () => (await ordersOf(shop, 'olga'))[0].status === 'Completed',
  );
  assert.deepEqual(tab.orderToasts(), [], 'the page cannot know yet');
  await pause(OUTAGE_MS - (Date.now() - since));
  await front.up();

  // No click, no reload: the next attempt comes at most 36 s after the last one.
  await tab.pill('Connected', 45_000);
  await showsStatus(tab, 'Completed');
  await until('the toast', () => tab.orderToasts().length > 0);
  assert.deepEqual(tab.orderToasts(), [`Order ${id} is completed`]);
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});
