// the API reference page shows the operations and tries them, with the policy of our pages and nothing from elsewhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from '../support/browser.mjs';
import { startShop } from '../support/shop.mjs';

let shop, browser;
before(async () => {
  [shop, browser] = await Promise.all([startShop({ processingTime: '0s' }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await shop?.stop();
});

test('the reference lists every operation and tries one', async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  const elsewhere = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => request.url().startsWith(shop.origin) || elsewhere.push(request.url()));
  const answer = await page.goto(`${shop.origin}/docs`);
  assert.match(answer.headers()['content-security-policy'], /^default-src 'self'/);

  const document = await (await fetch(`${shop.origin}/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap(Object.keys).length;
  await page.locator('.opblock').nth(operations - 1).waitFor();
  assert.equal(await page.locator('.opblock').count(), operations);

  const list = page.locator('.opblock-get', { has: page.locator('[data-path="/api/products"]') });
  await list.locator('.opblock-summary-control').click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.getByRole('button', { name: 'Execute' }).click();
  await list.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  assert.ok((await list.locator('.live-responses-table').innerText()).includes('KB-100'));
  assert.deepEqual(elsewhere.filter((url) => !url.startsWith('data:')), []);
  assert.deepEqual(complaints, []);
  await page.close();
});
