// V-19 and X-26..X-31: what a visitor sees while the hub is up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  fillCart,
  newVisitor,
  NETWORK_NOISE,
  order,
  placeButton,
  showsStatus,
  signIn,
  startBrowser,
} from '../support/browser.mjs';
import { ordersOf, sessionOf, setStock, startShop, tokenFor } from '../support/shop.mjs';
import { until } from '../support/wait.mjs';

let slow, instant, browser;
before(async () => {
  [slow, instant, browser] = await Promise.all([
    startShop({ processingTime: '3s' }),
    startShop({ processingTime: '0s' }),
    startBrowser(),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([slow?.stop(), instant?.stop()]);
});

test('an order toasts exactly once in every tab of its user and in no other', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const stranger = await newVisitor(browser, instant.origin);
  const buying = await visitor.openTab();
  await signIn(buying, 'tabea');
  const watching = await visitor.openTab('#/orders');
  const other = await stranger.openTab();
  await signIn(other, 'stranger');
  await Promise.all([buying, watching, other].map((tab) => tab.pill('Connected')));

  const id = await order(buying);
  await until('a toast in both tabs', () => buying.orderToasts().length > 0 && watching.orderToasts().length > 0);
  await showsStatus(buying, 'Completed');
  // The tab that did not buy shows the order in its list without a reload.
  await watching.page.locator(`.ticket[data-order="${id}"][data-status="Completed"]`).waitFor();
  // Both events of the completion have arrived, and still there is one toast.
  await until('both events', () =>
    watching.seen.sockets.some(({ received }) => received.includes('"OrderCompleted"') && received.includes('"Notification"')),
  );
  for (const tab of [buying, watching]) assert.deepEqual(tab.orderToasts(), [`Order ${id} is completed`]);
  assert.deepEqual(other.orderToasts(), []);
  for (const tab of [buying, watching, other]) {
    assert.ok(tab.seen.sockets.every(({ url }) => url.includes('/hubs/order-status')));
    assert.ok(!tab.seen.requests.some(({ url }) => url.includes('negotiate')), 'WebSockets without negotiation (S2-K-9)');
    tab.assertQuiet();
  }
  await visitor.close();
  await stranger.close();
});

test('a reload during processing keeps the order live and its toast single', async () => {
  const visitor = await newVisitor(browser, slow.origin);
  const tab = await visitor.openTab();
  await signIn(tab, 'relo');
  await tab.pill('Connected');
  const id = await order(tab);
  await showsStatus(tab, 'Processing');
  await tab.page.reload();
  await tab.pill('Connected');
  await showsStatus(tab, 'Completed');
  await until('the toast', () => tab.orderToasts().length > 0);
  await tab.page.reload();
  await tab.pill('Connected');
  await showsStatus(tab, 'Completed');
  assert.deepEqual(tab.orderToasts(), [`Order ${id} is completed`]);
  tab.assertQuiet();
  await visitor.close();
});

test('an order that completes before its POST is answered is shown completed and toasts once', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const tab = await visitor.openTab();
  await signIn(tab, 'flash');
  await tab.pill('Connected');
  // The answer is held back until the event has come in over the socket.
  await tab.page.route('**/api/orders', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    await until('the event', () => tab.seen.sockets.some(({ received }) => received.includes('"OrderCompleted"')));
    await until('the toast before the answer', () => tab.orderToasts().length > 0);
    await route.fulfill({ response });
  });
  const id = await order(tab);
  await showsStatus(tab, 'Completed');
  assert.deepEqual(tab.orderToasts(), [`Order ${id} is completed`]);
  tab.assertQuiet();
  await visitor.close();
});

test('a double click and a lost answer make one order', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const tab = await visitor.openTab();
  await signIn(tab, 'twice');
  let posts = 0;
  await tab.page.route('**/api/orders', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    posts += 1;
    const response = await route.fetch();
    // The first answer gets lost on its way back.
    return posts === 1 ? route.abort('connectionreset') : route.fulfill({ response });
  });
  await fillCart(tab);
  await placeButton(tab).evaluate((button) => {
    button.click();
    button.click();
  });
  await tab.page.locator('.order .progress').waitFor();
  const keys = tab.seen.requests
    .filter(({ method, url }) => method === 'POST' && url.endsWith('/api/orders'))
    .map(({ headers }) => headers['idempotency-key']);
  assert.equal(keys.length, 2, 'one attempt and its retry');
  assert.equal(keys[0], keys[1]);
  assert.equal((await ordersOf(instant, 'twice')).length, 1);
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});

test('events that come twice, late and out of order change nothing and toast once', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const tab = await visitor.openTab();
  const seen = await tab.page.evaluate(async () => {
    const { Tracker } = await import('/tracker.js');
    const tracker = new Tracker('order-of-events');
    const log = [];
    for (const type of ['change', 'finished'])
      tracker.addEventListener(type, ({ detail }) => log.push(`${type} ${detail.correlationId} ${detail.status}`));
    const push = (correlationId, status) =>
      tracker.observe({ correlationId, status, orderId: 1, eventId: status }, { pushed: true });
    for (const status of ['Processing', 'Accepted', 'Processing', 'Completed', 'Completed', 'Processing', 'Failed'])
      push('a', status);
    // Known from a list only, and finished there: old news.
    tracker.observe({ correlationId: 'b', status: 'Completed', orderId: 2 });
    push('b', 'Completed');
    return { log, active: tracker.active };
  });
  assert.deepEqual(seen, {
    log: ['change a Processing', 'change a Completed', 'finished a Completed', 'change b Completed'],
    active: [],
  });
  await visitor.close();
});

test('tabs share the cart', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const [here, there] = [await visitor.openTab(), await visitor.openTab('#/cart')];
  await here.page.getByRole('button', { name: 'Add Stoneware Mug to cart' }).click();
  await there.page.locator('.cart-line', { hasText: 'Stoneware Mug' }).waitFor();
  await there.page.getByRole('button', { name: 'Remove Stoneware Mug' }).click();
  await here.page.locator('#cart-count').waitFor({ state: 'hidden' });
  await visitor.close();
});

test('a signed-in visitor finds the cart on another device', async () => {
  const [desk, phone] = [await newVisitor(browser, instant.origin), await newVisitor(browser, instant.origin)];
  const [here, there] = [await desk.openTab(), await phone.openTab()];
  await signIn(here, 'carla');
  await fillCart(here, 'KB-100');
  const saved = async () => (await sessionOf(instant, 'carla')).cart.map((line) => line.productId);
  await until('the cart to be saved', async () => (await saved()).includes('KB-100'));

  // What was put in before signing in joins what is there.
  await there.page.getByRole('button', { name: 'Add Stoneware Mug to cart' }).click();
  await signIn(there, 'carla');
  await there.page.evaluate(() => (location.hash = '#/cart'));
  await until('both lines', async () => (await there.page.locator('.cart-line').count()) === 2);
  await until('both to be saved', async () => (await saved()).length === 2);
  await here.page.reload();
  await until('both lines', async () => (await here.page.locator('.cart-line').count()) === 2);

  await placeButton(there).click();
  await there.page.locator('.order .progress').waitFor();
  await until('an empty cart', async () => (await saved()).length === 0);
  await here.page.reload();
  await here.page.getByText('Nothing in here yet').waitFor();
  for (const tab of [here, there]) tab.assertQuiet();
  await Promise.all([desk.close(), phone.close()]);
});

test('what is left is shown, and a checkout that asks for more says so at its line', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const tab = await visitor.openTab('#/product/LTD-001');
  await tab.page.getByText('Only 3 left').waitFor();
  const quantity = tab.page.getByRole('spinbutton', { name: 'Quantity' });
  await quantity.fill('4');
  await quantity.blur();
  assert.equal(await quantity.inputValue(), '3', 'no more than there are');
  await tab.page.getByRole('button', { name: 'Add to cart' }).click();
  await signIn(tab, 'fay');

  // Somebody else is faster.
  await setStock(instant, 'LTD-001', 2);
  await tab.page.evaluate(() => (location.hash = '#/cart'));
  await placeButton(tab).click();
  await tab.page.getByText('Nothing was ordered. Ask for no more than is left.').waitFor();
  await tab.page.locator('.cart-line[data-sku="LTD-001"] .stock-short', { hasText: 'Only 2 left' }).waitFor();
  await tab.page.getByRole('button', { name: 'One less' }).click();
  await placeButton(tab).click();
  await showsStatus(tab, 'Completed', 30_000);

  const card = await visitor.openTab('#/product/LTD-001');
  await until('sold out, at most 5 s later', async () => {
    await card.page.reload();
    await card.page.locator('.stock-note').waitFor();
    return card.page.getByText('Sold out').isVisible();
  });
  assert.ok(await card.page.getByRole('button', { name: 'Add to cart' }).isDisabled());
  await visitor.close();
});

test('an order is cancelled while a worker has it, in every tab', async () => {
  const visitor = await newVisitor(browser, slow.origin);
  const [here, there] = [await visitor.openTab(), await visitor.openTab()];
  await signIn(here, 'cora');
  await fillCart(here);
  await placeButton(here).click();
  await showsStatus(here, 'Processing', 30_000);
  await there.page.evaluate((hash) => (location.hash = hash), await here.page.evaluate(() => location.hash));
  await showsStatus(there, 'Processing', 30_000);
  await here.page.getByRole('button', { name: 'Cancel order' }).click();
  await showsStatus(here, 'Cancelled', 10_000);
  await showsStatus(there, 'Cancelled', 10_000);
  await visitor.close();
});

test('signing out closes the hub in every tab', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const [here, there] = [await visitor.openTab(), await visitor.openTab()];
  await signIn(here, 'bye');
  for (const tab of [here, there]) await tab.pill('Connected');
  await here.page.getByRole('button', { name: 'Sign out' }).click();
  for (const tab of [here, there]) {
    await until('the socket to close', () => tab.seen.sockets.length > 0 && tab.seen.sockets.every(({ open }) => !open));
    await tab.page.locator('#pill').waitFor({ state: 'hidden' });
    tab.assertQuiet();
  }
  assert.deepEqual(await here.page.evaluate(() => Object.keys(localStorage).filter((key) => key !== 'contoso.cart')), []);
  await visitor.close();
});

test('a refused token leads to the sign-in page once, and back afterwards', async () => {
  const visitor = await newVisitor(browser, instant.origin);
  const first = await visitor.openTab();
  const session = {
    userId: 'exp',
    token: await tokenFor(instant, 'exp', -3600),
    expiresAt: Date.now() + 3_600_000,
    development: true,
  };
  await first.page.evaluate((value) => localStorage.setItem('contoso.session', JSON.stringify(value)), session);
  const tab = await visitor.openTab('#/orders');
  await tab.page.getByText('Your session has ended').waitFor();
  // Quiet from here on: nothing is asked for while nobody is signed in.
  await pause(500);
  const asked = tab.seen.requests.length + tab.seen.sockets.length;
  await pause(3_000);
  assert.equal(tab.seen.requests.length + tab.seen.sockets.length, asked);
  await tab.page.getByLabel('User').fill('exp');
  await tab.page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
  await tab.page.getByRole('heading', { name: 'Your orders' }).waitFor();
  await tab.pill('Connected');
  tab.assertQuiet(NETWORK_NOISE);
  await visitor.close();
});

test('no page is wider than the window at 360 px', async () => {
  const visitor = await newVisitor(browser, instant.origin, { viewport: { width: 360, height: 740 } });
  const tab = await visitor.openTab();
  await signIn(tab, 'narrow');
  await order(tab, 'AZ-700');
  const id = tab.page.url().split('/').pop();
  await fillCart(tab, 'DS-610');
  for (const [hash, shown] of [
    ['#/', '.card'],
    ['#/product/AZ-700', '.product'],
    ['#/cart', '.cart-line'],
    ['#/orders', '.ticket'],
    [`#/orders/${id}`, '.order'],
    ['#/sign-in', 'form'],
  ]) {
    await tab.page.evaluate((to) => (location.hash = to), hash);
    await tab.page.locator(shown).first().waitFor();
    assert.equal(await tab.page.evaluate(() => document.documentElement.scrollWidth), 360, hash);
  }
  tab.assertQuiet();
  await visitor.close();
});
