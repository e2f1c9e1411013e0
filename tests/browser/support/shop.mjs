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
    await until('the shop to be ready', async () => {
      server.check();
      return fetch(`${origin}/health/ready`).then((answer) => answer.ok, () => false);
    }, 30_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin, port, stop, output: server.output };
}

/** A token the shop accepts, that ends `seconds` from now (the server allows some clock skew on top). */
export function tokenFor(userId, seconds) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: userId, iat: now, exp: now + seconds })}`;
  return `${signed}.${createHmac('sha256', SIGNING_KEY).update(signed).digest('base64url')}`;
}

/** The user's orders as the API lists them. */
export async function ordersOf(shop, userId) {
  const answer = await fetch(`${shop.origin}/api/orders?size=100`, { headers: { Authorization: `Bearer ${tokenFor(userId, 600)}` } });
  if (!answer.ok) throw new Error(`listing orders: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).items;
}
