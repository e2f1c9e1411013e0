// The real binary, role `all`, on a free port and a fresh database.
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, start } from './process.mjs';
import { until } from './wait.mjs';

const SIGNING_KEY = 'the key of the browser tests, 32 bytes or more';

/** Starts a shop whose orders take `processingTime`, e.g. `3s`. */
export async function startShop({ processingTime = '1s', environment = {} } = {}) {
  const binary = process.env.CONTOSO_SHOP_BIN;
  if (!binary) throw new Error('CONTOSO_SHOP_BIN is not set: run `cargo build`, then set it to target/debug/contoso-shop');
  const folder = await mkdtemp(join(tmpdir(), 'contoso-shop-browser-'));
  const port = await freePort();
  const server = start(resolve(binary), [], {
    cwd: folder,
    missing: `${binary} does not exist: run \`cargo build\` first`,
    env: {
      PATH: process.env.PATH,
      Http__Listen: `127.0.0.1:${port}`,
      Ops__Listen: `127.0.0.1:${await freePort()}`,
      ConnectionStrings__Contoso: `sqlite:${join(folder, 'shop.db')}`,
      Orders__ProcessingTime: processingTime,
      Drain__File: join(folder, 'draining'),
      Jwt__SigningKey: SIGNING_KEY,
      ...environment,
    },
  });
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(
      'the shop to be ready',
      async () => {
        server.check();
        return fetch(`${origin}/health/ready`).then(
          (answer) => answer.ok,
          () => false,
        );
      },
      30_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin, port, stop, output: server.output };
}

/** The user's development token. */
async function developmentToken(shop, userId) {
  const answer = await fetch(`${shop.origin}/dev/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  if (!answer.ok) throw new Error(`asking for a token: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).token;
}

/** A token like the shop's own that ends `seconds` from now, with more claims. The API allows 60 s of clock skew on top. */
export async function tokenFor(shop, userId, seconds, more = {}) {
  const [head, body] = (await developmentToken(shop, userId)).split('.');
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...JSON.parse(Buffer.from(body, 'base64url')), iat: now, exp: now + seconds, ...more };
  const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', SIGNING_KEY).update(signed).digest('base64url')}`;
}

/** The user's orders as the API lists them. */
export async function ordersOf(shop, userId) {
  const answer = await fetch(`${shop.origin}/api/orders?size=100`, {
    headers: { Authorization: `Bearer ${await developmentToken(shop, userId)}` },
  });
  if (!answer.ok) throw new Error(`listing orders: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).items;
}

/** Sets what is left of a product, as an operator does. */
export async function setStock(shop, product, stock) {
  const answer = await fetch(`${shop.origin}/api/products/${product}/stock`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${await tokenFor(shop, 'root', 60, { roles: ['admin'] })}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ stock }),
  });
  if (!answer.ok) throw new Error(`setting the stock: ${answer.status} ${await answer.text()}`);
}

/** The user's cart and preferences as the server keeps them. */
export async function sessionOf(shop, userId) {
  const answer = await fetch(`${shop.origin}/api/session`, {
    headers: { Authorization: `Bearer ${await developmentToken(shop, userId)}` },
  });
  if (!answer.ok) throw new Error(`reading the session: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
