// Who is signed in. All tabs share one session through localStorage; changes elsewhere arrive as storage events.
import { shared } from './storage.js';

const KEY = 'contoso.session';
// A token this close to its end is renewed before it is handed to the hub.
const RENEW_BEFORE_MS = 30_000;

/** No usable token: the visitor has to sign in. */
export class SignedOut extends Error {}

/** `POST /dev/token` is switched off on this server: a token must be brought along. */
export class NoDevelopmentTokens extends Error {}

class Session extends EventTarget {
  #current = shared.read(KEY, null);
  #renewal = null;

  constructor() {
    super();
    addEventListener('storage', (event) => {
      if (event.key !== KEY && event.key !== null) return;
      const before = this.#current;
      this.#current = shared.read(KEY, null);
      if (before?.userId !== this.#current?.userId) this.#announce(this.#current ? 'signed-in' : 'signed-out');
    });
  }

  /** The signed-in user's id, or null. */
  get userId() {
    return this.#current?.userId ?? null;
  }

  /** The token as it is, or null. */
  get token() {
    return this.#current?.token ?? null;
  }

  /** Signs in with a development token. Throws NoDevelopmentTokens when the server has none to give. */
  async signIn(userId) {
    this.#accept(await developmentToken(userId));
  }

  /** Signs in with a token from elsewhere; its claims are read for display only, the server judges it. */
  adopt(token) {
    const claims = readClaims(token);
    this.#accept({ userId: claims.sub, token, expiresAt: (claims.exp ?? Infinity) * 1000, development: false });
  }

  /** A token that is good for a new connection. Renews a development token that ran out; throws SignedOut otherwise. */
  async freshToken() {
    const now = this.#current;
    if (!now) throw new SignedOut('signed out');
    if (now.expiresAt === null || now.expiresAt - Date.now() > RENEW_BEFORE_MS) return now.token;
    if (!now.development) {
      if (now.expiresAt > Date.now()) return now.token;
      this.expire(now.token);
      throw new SignedOut('the token has expired');
    }
    this.#renewal ??= developmentToken(now.userId).finally(() => (this.#renewal = null));
    const renewed = await this.#renewal;
    if (this.userId !== renewed.userId) throw new SignedOut('signed out meanwhile');
    this.#store(renewed);
    return renewed.token;
  }

  /** The server refused `token`. Ends the session once, unless it has been replaced since. */
  expire(token) {
    if (token && token === this.token) this.#end('expired');
  }

  /** Ends the session in every tab. */
  signOut() {
    this.#end('signed-out');
  }

  #accept(next) {
    this.#store(next);
    this.#announce('signed-in');
  }

  #end(type) {
    if (!this.#current) return;
    this.#store(null);
    this.#announce(type);
  }

  #store(next) {
    this.#current = next;
    shared.write(KEY, next);
  }

  #announce(type) {
    this.dispatchEvent(new Event(type));
  }
}

async function developmentToken(userId) {
  const response = await fetch('/dev/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ userId }),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 404) throw new NoDevelopmentTokens('this server issues no development tokens');
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail || body.title || `sign-in failed (${response.status})`);
  return { userId: body.userId, token: body.token, expiresAt: Date.parse(body.expiresAtUtc), development: true };
}

function readClaims(token) {
  let claims;
  try {
    const part = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (ch) => ch.charCodeAt(0))));
  } catch {
    throw new Error('That is not a token: three parts separated by dots are expected.');
  }
  if (!claims.sub) throw new Error('That token names no user (its “sub” claim is missing).');
  return claims;
}

export const session = new Session();
