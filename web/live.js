// The hub connection: Microsoft's stock client, kept connected without end.

const HUB = '/hubs/order-status';
const DELAYS_MS = [0, 2_000, 10_000, 30_000];
// A connection that ends sooner counts as a failed attempt, so that a server that turns everybody away is not hammered.
const SHORT_LIVED_MS = 5_000;
// A socket that neither opens nor fails is given up.
const START_LIMIT_MS = 15_000;

/** How long to wait before the next attempt after `failures` failed ones in a row. */
export function retryDelay(failures, random = Math.random) {
  return failures < DELAYS_MS.length ? DELAYS_MS[failures] : DELAYS_MS.at(-1) * (0.8 + 0.4 * random());
}

/**
 * Events: `state` (`detail`: `connecting`, `connected`, `reconnecting` or `polling`), `order` (`detail`: a status event) and `failed` when an
 * attempt did not succeed (the browser does not tell a refused token from a blocked path).
 *
 * One loop serves the first start, a lost connection and a server's Close alike. The stock automatic reconnect covers the second only, gives
 * up, and its waiting cannot be cut short.
 */
export class Live extends EventTarget {
  #accessToken;
  #connection = null;
  #socket = null;
  #stopped = new AbortController();
  #wake = () => {};
  #state = null;

  /** `accessToken` is asked before every attempt. */
  constructor(accessToken) {
    super();
    this.#accessToken = accessToken;
  }

  /** Connects and stays connected until `stop`. */
  start() {
    const { signal } = this.#stopped;
    addEventListener('online', () => this.#wake(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake(), { signal });
    this.#run(signal);
  }

  /** Closes the connection for good. */
  async stop() {
    this.#stopped.abort();
    this.#wake();
    this.#giveUpStarting();
    await this.#connection?.stop();
  }

  /** Whether the hub can be called now. */
  get isConnected() {
    return this.#state === 'connected';
  }

  /** Calls a hub method. */
  invoke(method, ...args) {
    return this.#connection.invoke(method, ...args);
  }

  async #run(signal) {
    let failures = 0;
    let wasConnected = false;
    this.#setState('connecting');
    while (!signal.aborted) {
      const connection = this.#build();
      const closed = new Promise((resolve) => connection.onclose(resolve));
      this.#connection = connection;
      try {
        await this.#startInTime(connection);
        if (signal.aborted) return void connection.stop();
        const connectedAt = performance.now();
        wasConnected = true;
        this.#setState('connected');
        await closed;
        failures = performance.now() - connectedAt < SHORT_LIVED_MS ? failures + 1 : 0;
        if (signal.aborted) return;
        this.#setState('reconnecting');
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#setState(wasConnected && failures < 2 ? 'reconnecting' : 'polling');
        this.dispatchEvent(new CustomEvent('failed', { detail: error }));
      }
      await this.#pause(retryDelay(failures));
    }
  }

  #build() {
    const connection = new signalR.HubConnectionBuilder()
      .withUrl(HUB, {
        transport: signalR.HttpTransportType.WebSockets,
        skipNegotiation: true,
        accessTokenFactory: this.#accessToken,
        WebSocket: this.#watchedSocket(),
      })
      // Outages are shown in the page; the client's own log would only repeat them on the console.
      .configureLogging(signalR.LogLevel.None)
      .build();
    for (const name of ['Notification', 'OrderCompleted']) {
      connection.on(name, (event) => this.dispatchEvent(new CustomEvent('order', { detail: event })));
    }
    return connection;
  }

  async #startInTime(connection) {
    const timer = setTimeout(() => this.#giveUpStarting(), START_LIMIT_MS);
    try {
      await connection.start();
    } finally {
      clearTimeout(timer);
    }
  }

  // The client's own `stop` waits for a start that hangs, and browsers open one socket per host at a time: only closing it frees the way.
  #giveUpStarting() {
    if (!this.isConnected) this.#socket?.close();
  }

  #watchedSocket() {
    const watch = (socket) => (this.#socket = socket);
    return class extends WebSocket {
      constructor(...args) {
        super(...args);
        watch(this);
      }
    };
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: state }));
  }
}
