import { VerbFailed } from './io.ts';

/** Work that Ctrl-C ends at its next step, and that goes on where it was when it is run again. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupt = (): void =>
    abort.abort(new VerbFailed('interrupted', 'ended in the middle: run it again, and it goes on where it was'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
