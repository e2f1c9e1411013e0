// Chromium and the things a visitor does in it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PROGRAMS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

// What Chromium itself writes to the console when the network is cut on purpose.
export const NETWORK_NOISE = /^(Failed to load resource|WebSocket connection to)/;

/** Starts Chromium without a window. */
export async function startBrowser() {
  const executablePath = PROGRAMS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('Chromium is missing: apt-get install chromium (or name it in CHROMIUM)');
  return chromium.launch({ executablePath, args: FLAGS });
}

/** One visitor: tabs of one context share cart, session and storage. */
export async function newVisitor(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  return { context, openTab: (hash = '#/') => openTab(context, origin, hash), close: () => context.close() };
}

/** A tab that notes every toast (over reloads too), socket, request and complaint of the page. */
async function openTab(context, origin, hash) {
  const page = await context.newPage();
  const seen = { toasts: [], sockets: [], requests: [], complaints: [] };
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && seen.complaints.push(message.text()));
  page.on('pageerror', (error) => seen.complaints.push(String(error.stack)));
  page.on('request', (request) =>
    seen.requests.push({ method: request.method(), url: request.url(), headers: request.headers() }),
  );
  page.on('websocket', (socket) => {
    const note = { url: socket.url(), open: true, received: '' };
    seen.sockets.push(note);
    socket.on('framereceived', ({ payload }) => (note.received += payload));
    socket.on('close', () => (note.open = false));
  });
  await page.exposeFunction('noteToast', (text) => seen.toasts.push(text));
  await page.addInitScript(() => {
    document.addEventListener('DOMContentLoaded', () => {
      const note = (records) =>
        records.forEach((record) => record.addedNodes.forEach((el) => window.noteToast(el.querySelector('strong').textContent)));
      new MutationObserver(note).observe(document.getElementById('toasts'), { childList: true });
    });
  });
  await page.goto(`${origin}/${hash}`);
  return {
    page,
    seen,
    pill: (text, timeout) => page.locator('#pill', { hasText: text }).waitFor({ timeout }),
    orderToasts: () => seen.toasts.filter((text) => /^(Order \d+|An order) /.test(text)),
    polls: () => seen.requests.filter(({ url }) => url.includes('/by-correlation/')).length,
    /** Fails when the page complained about anything not expected: script errors, CSP violations, failed loads. */
    assertQuiet: (expected) =>
      assert.deepEqual(
        seen.complaints.filter((text) => !expected?.test(text)),
        [],
      ),
  };
}

/** Signs in by name. */
export async function signIn({ page }, userId) {
  await page.evaluate(() => (location.hash = '#/sign-in'));
  await page.getByLabel('User').fill(userId);
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Puts one piece of a product into the cart and opens the cart. */
export async function fillCart({ page }, sku = 'KB-100') {
  await page.evaluate((name) => (location.hash = `#/product/${name}`), sku);
  await page.locator('.facts', { hasText: sku }).waitFor();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.evaluate(() => (location.hash = '#/cart'));
  await placeButton({ page }).waitFor();
}

/** The button that checks out. */
export const placeButton = ({ page }) => page.getByRole('button', { name: /Place order/ });

/** Orders one piece and waits for the order's page. Returns the order's id. */
export async function order(tab, sku) {
  await fillCart(tab, sku);
  await placeButton(tab).click();
  await tab.page.locator('.order .progress').waitFor();
  return Number(tab.page.url().split('/').pop());
}

/** Waits until the open order page shows `status`. */
export const showsStatus = ({ page }, status, timeout) =>
  page.locator(`.order .progress[data-status="${status}"]`).waitFor({ timeout });
