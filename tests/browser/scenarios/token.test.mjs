// the hub closes when its token ends; the page comes back with a new one and nobody has to sign in again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK_NOISE, newVisitor, order, showsStatus, startBrowser } from '../support/browser.mjs';
import { startShop, tokenFor } from '../support/shop.mjs';
import { until } from '../support/wait.mjs';

// The page hands out a token as it is while more than 30 s of it are left.
const LIFE_S = 33;

let shop, browser;
before(async () => {
  [shop, browser] = await Promise.all([startShop({ processingTime: '0s' }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});

test('a token that ends closes the hub, and a new one opens it again', async () => {
  const visitor = await newVisitor(browser, shop.origin);
  const first = await visitor.openTab();
  const session = {
    userId: 'tina',
    token: await tokenFor(shop, 'tina', LIFE_S),
    expiresAt: Date.now() + LIFE_S * 1000,
    development: true,
  };
  await first.page.evaluate((value) => localStorage.setItem('contoso.session', JSON.stringify(value)), session);
  const tab = await visitor.openTab();
  await tab.pill('Connected');
  assert.ok(tab.seen.sockets[0].url.includes(session.token), 'the hub was opened with the short token');
  await until('the server to close the hub', () => !tab.seen.sockets[0].open, (LIFE_S + 20) * 1000);
  await until('a second socket', () => tab.seen.sockets.length > 1);
  await tab.pill('Connected');
  assert.ok(!tab.seen.sockets.at(-1).url.includes(session.token), 'with another token');
  const id = await order(tab);
  await showsStatus(tab, 'Completed');
  await until('the toast', () => tab.orderToasts().length > 0);
  assert.deepEqual(tab.orderToasts(), [`Order ${id} is completed`]);
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});
