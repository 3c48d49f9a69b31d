import { setTimeout as pause } from 'node:timers/promises';
import { isTemporary } from '../../../events/event-store.ts';

const PATIENCE_MS = 120_000;
const AGAIN_MS = 500;

/** A read again, where it failed as reads may on a machine that has too much to do: what is compared waits for it. */
export async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + PATIENCE_MS; ; await pause(AGAIN_MS)) {
    try {
      return await read();
    } catch (error) {
      if (!isTemporary(error) || performance.now() > until) throw error;
    }
  }
}

/** An answer that says that it may be another one later. */
export class NotNow extends Error {
  readonly temporary = true;
}
