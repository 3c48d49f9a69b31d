import { isTemporary } from '../../../events/event-store.ts';
import { pause } from '../../../projections/pause.ts';

const RETRY_FIRST_MS = 250;
/** The longest pause, as so many of the first. */
const GROWS_TO = 32;
/** About a minute and a half: a server that is restarted is there again. */
const TRIES = 15;

/**
 * A part of a comparison, from its beginning where a server does not answer: an hour of comparing must not be lost to a
 * moment. Throws what the last try threw.
 */
export async function patiently<T>(
  part: () => Promise<T>,
  signal: AbortSignal,
  firstMs: number = RETRY_FIRST_MS,
): Promise<T> {
  let wait = firstMs;
  for (let n = 1; ; n++, wait = Math.min(2 * wait, GROWS_TO * firstMs)) {
    try {
      return await part();
    } catch (error) {
      if (!isTemporary(error) || n >= TRIES) throw error;
    }
    await pause(wait, signal);
    signal.throwIfAborted();
  }
}
