// One browser tab of the shop, driven over stdin and stdout in JSON lines: Microsoft's stock client, unmodified.
// usage: node tab.mjs URL TOKEN [negotiate | messagepack | stock-policy]
import * as signalR from '@microsoft/signalr';
import readline from 'node:readline';

const [url, token, mode] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const transport = mode === 'negotiate'
  ? {}
  : { transport: signalR.HttpTransportType.WebSockets, skipNegotiation: true };
// The stock policy tries at once, then after 2, 10 and 30 s, and gives up.
const quick = [0, 100, 200, 500, 1000, 1000, 1000, 1000, 1000, 1000];
const builder = new signalR.HubConnectionBuilder();
if (mode === 'messagepack') {
  const { MessagePackHubProtocol } = await import('@microsoft/signalr-protocol-msgpack');
  builder.withHubProtocol(new MessagePackHubProtocol());
}
const connection = builder
  .withUrl(url, { ...transport, accessTokenFactory: () => token })
  .withAutomaticReconnect(mode === 'stock-policy' ? undefined : quick)
  .configureLogging(signalR.LogLevel.None)
  .build();

for (const name of ['Notification', 'OrderCompleted']) {
  connection.on(name, (payload) => say({ event: name, payload }));
}
connection.onreconnecting(() => say({ event: 'reconnecting', at: Date.now() }));
connection.onreconnected(() => say({ event: 'reconnected', at: Date.now() }));
connection.onclose((error) => say({ event: 'closed', error: error?.message ?? null }));

try {
  await connection.start();
  say({ event: 'connected' });
} catch (error) {
  say({ event: 'failed', error: String(error) });
  process.exit(1);
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { invoke, args = [] } = JSON.parse(line);
  try {
    say({ event: 'result', invoke, result: await connection.invoke(invoke, ...args) });
  } catch (error) {
    say({ event: 'error', invoke, error: error.message });
  }
}
await connection.stop();
process.exit(0);
