// V-18: the hub path is blocked, the orders are followed by polling until it is not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK_NOISE, newVisitor, order, showsStatus, signIn, startBrowser } from '../support/browser.mjs';
import { startFront } from '../support/front.mjs';
import { startShop } from '../support/shop.mjs';
import { until } from '../support/wait.mjs';

let shop, front, browser;
before(async () => {
  shop = await startShop({ processingTime: '4s' });
  front = await startFront(shop, { blockHub: true });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await front?.stop();
  await shop?.stop();
});

test('a blocked hub: the page polls, the order completes, and polling ends when the hub is back', async () => {
  const visitor = await newVisitor(browser, front.origin);
  const tab = await visitor.openTab();
  await signIn(tab, 'polly');
  await tab.pill('Offline: polling');

  const first = await order(tab);
  await showsStatus(tab, 'Completed', 20_000);
  assert.ok(tab.polls() >= 1, 'the order was polled');
  await until('the toast', () => tab.orderToasts().length > 0);
  assert.deepEqual(tab.orderToasts(), [`Order ${first} is completed`]);

  const second = await order(tab);
  await front.unblockHub();
  // Coming online makes the page try at once instead of at its next turn.
  await visitor.context.setOffline(true);
  await visitor.context.setOffline(false);
  await tab.pill('Connected', 15_000);
  const before = tab.polls();
  await showsStatus(tab, 'Completed', 20_000);
  await until('the second toast', () => tab.orderToasts().length > 1);
  assert.deepEqual(tab.orderToasts(), [`Order ${first} is completed`, `Order ${second} is completed`]);
  assert.equal(tab.polls(), before, 'no poll after the hub was back');
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});
