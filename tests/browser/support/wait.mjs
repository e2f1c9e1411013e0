import { setTimeout as pause } from 'node:timers/promises';

/** Polls `probe` until it answers something truthy; fails after `ms` with what was waited for. */
export async function until(what, probe, ms = 10_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await pause(25);
  }
}
