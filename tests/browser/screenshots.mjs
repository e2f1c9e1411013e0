// Pictures for the README: `CONTOSO_SHOP_BIN=… npm run screenshots` writes docs/images/.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fillCart, newVisitor, order, showsStatus, signIn, startBrowser } from './support/browser.mjs';
import { startShop } from './support/shop.mjs';
import { until } from './support/wait.mjs';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
await mkdir(folder, { recursive: true });
const shop = await startShop({ processingTime: '3s' });
const browser = await startBrowser();

async function takeAll(size, names, options) {
  const visitor = await newVisitor(browser, shop.origin, { ...options, reducedMotion: 'reduce' });
  const tab = await visitor.openTab();
  const take = async (name) => {
    if (!names.includes(name)) return;
    await tab.page.evaluate(() => document.fonts.ready);
    await until('all pictures', () =>
      tab.page.evaluate(() => [...document.images].every((image) => image.complete || image.loading === 'lazy')),
    );
    await tab.page.screenshot({ path: `${folder}${name}-${size}.png` });
    console.log(`${name}-${size}.png`);
  };
  await tab.page.locator('.card').first().waitFor();
  await signIn(tab, `alice-${size}`);
  await tab.pill('Connected');
  await take('shop');
  await fillCart(tab, 'HP-410');
  await fillCart(tab, 'KT-820');
  await take('cart');
  await order(tab, 'BK-900');
  await showsStatus(tab, 'Processing');
  await take('order');
  await until('the toast', () => tab.orderToasts().length > 0);
  await order(tab, 'LT-500');
  await showsStatus(tab, 'Processing');
  await tab.page.evaluate(() => (location.hash = '#/orders'));
  await tab.page.locator('.ticket').first().waitFor();
  await take('orders');
  await visitor.close();
}

try {
  await takeAll('desktop', ['shop', 'cart', 'order', 'orders'], { viewport: { width: 1280, height: 800 } });
  await takeAll('dark', ['shop', 'order'], { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' });
  await takeAll('phone', ['shop', 'order', 'orders'], { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
} finally {
  await browser.close();
  await shop.stop();
}
