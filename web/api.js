// The HTTP API. Every failure is an ApiError with words that can be shown.
import { session } from './session.js';

const TIMEOUT_MS = 10_000;

/** A call that did not succeed. `status` 0 means no answer came (network down, timeout). */
export class ApiError extends Error {
  constructor(status, problem, retryAfterMs = null) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the shop has less than was asked for. */
  get isShortage() {
    return this.problem.type === 'urn:contoso-shop:problem:out-of-stock';
  }

  /** Whether the same request may succeed later. */
  get isTransient() {
    return [0, 408, 409, 429, 502, 503, 504].includes(this.status);
  }
}

const NO_ANSWER = { title: 'No answer', detail: 'The shop could not be reached. Check your connection.' };

async function request(path, { method = 'GET', body, headers = {}, anonymous = false } = {}) {
  const token = anonymous ? null : session.token;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) session.expire(token);
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem, retryAfter(response));
}

async function json(path, options) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch {
    // The connection broke inside the body: as if no answer had come.
    throw new ApiError(0, NO_ANSWER);
  }
}

function retryAfter(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
}

/** A part of the catalogue. */
export const listProducts = (offset, size) => json(`/api/products?offset=${offset}&size=${size}`, { anonymous: true });

/** One product. */
export const getProduct = (sku) => json(`/api/products/${encodeURIComponent(sku)}`, { anonymous: true });

/** The caller's orders, newest first. */
export const listOrders = (after, size) => json(`/api/orders?after=${encodeURIComponent(after)}&size=${size}`);

/** One order of the caller. */
export const getOrder = (id) => json(`/api/orders/${encodeURIComponent(id)}`);

/** Places an order. The same key and items never make a second one. */
export const placeOrder = (items, key) =>
  json('/api/orders', { method: 'POST', body: { items }, headers: { 'Idempotency-Key': key } });

/** Cancels an order that is not finished. */
export const cancelOrder = (id) => request(`/api/orders/${encodeURIComponent(id)}`, { method: 'DELETE' });

/** Where an order stands, for polling. `status` is null when nothing changed since `etag`. */
export async function pollStatus(correlationId, etag) {
  const path = `/api/orders/by-correlation/${encodeURIComponent(correlationId)}/status`;
  const response = await request(path, { headers: etag ? { 'If-None-Match': etag } : {} });
  if (response.status === 304) return { etag, status: null };
  return { etag: response.headers.get('ETag'), status: await response.json() };
}

/** Cart and preferences as the server keeps them for the caller. */
export const loadSession = () => json('/api/session');

/** Replaces them; refused with 409 when a later version is there. */
export const saveSession = (body) => request('/api/session', { method: 'PUT', body });

/** Asks whether the token still counts; a refusal ends the session as any 401 does. */
export const checkSession = () => listOrders('', 1);
