// Child processes that do not outlive the test: each is ended by its own id, also when the run itself is interrupted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const running = new Set();
// SIGTERM, so that nginx takes its worker along.
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** Starts a program. `stop` sends SIGTERM and waits; SIGKILL follows after 10 s. */
export function start(program, args, { env, cwd, missing } = {}) {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  const collect = (chunk) => (output = (output + chunk).slice(-20_000));
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let failure = null;
  child.on('error', (error) => (failure = error.code === 'ENOENT' && missing ? new Error(missing) : error));
  child.on('exit', () => running.delete(child));
  const hasEnded = () => failure !== null || child.exitCode !== null || child.signalCode !== null;
  return {
    output: () => output,
    /** Throws when the program is no longer there. */
    check() {
      if (failure) throw failure;
      if (hasEnded()) throw new Error(`${program} ended (${child.exitCode ?? child.signalCode}):\n${output}`);
    },
    async stop() {
      if (hasEnded()) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A TCP port of 127.0.0.1 that nobody listens on right now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
