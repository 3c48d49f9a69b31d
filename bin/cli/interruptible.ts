import { VerbFailed } from './io.ts';

/** Work that hears of Ctrl-C by its signal. `reason`: what that is aborted with. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>, reason?: Error): Promise<T> {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(reason);
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Work that Ctrl-C ends at its next step: then the verb has failed. */
export const interruptible = <T>(
  work: (signal: AbortSignal) => Promise<T>,
  why = 'ended in the middle: run it again, and it goes on where it was',
): Promise<T> => untilInterrupted(work, new VerbFailed('interrupted', why));
