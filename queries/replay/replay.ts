import type { ChatEvent } from '../../events/chat.ts';
import { createSchedule, type Pace } from './pace.ts';
import { type ReplayCheckpoint, ReplayError, type ReplayTarget } from './port.ts';

export interface ReplayOptions {
  /** In the order in which they are replayed; after the checkpoint where there is one. */
  pages: AsyncIterable<readonly ChatEvent[]>;
  target: ReplayTarget;
  pace: Pace;
  /** What an earlier run had done, null where there was none. */
  since: ReplayCheckpoint | null;
  /** Keeps how far it came, each time events were taken; resolves once it is safe. */
  keep(checkpoint: ReplayCheckpoint): Promise<void>;
  /** Ends it after what is being taken. */
  signal: AbortSignal;
  /** Resolves after so many ms, or once the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Milliseconds. */
  clock(): number;
}

/**
 * Hands events to a target, each batch once the one before was taken and kept: nothing is left out, and what was taken
 * and not kept comes again after a crash. Returns how far it came; throws `ReplayError` after keeping what was taken.
 */
export async function replay(options: ReplayOptions): Promise<ReplayCheckpoint | null> {
  const { pages, target, pace, signal, sleep, clock } = options;
  const schedule = createSchedule(pace);
  const batch: ChatEvent[] = [];
  const done = { checkpoint: options.since };
  const flush = (): Promise<void> => deliver(batch.splice(0), options, done);

  for await (const page of pages) {
    for (const event of page) {
      const wait = schedule(event.at, clock()) - clock();
      if (wait > 0) {
        await flush();
        await sleep(wait, signal);
      }
      if (signal.aborted) break;
      batch.push(event);
      if (batch.length === target.batchEvents) await flush();
    }
    if (signal.aborted) break;
    await flush();
  }
  return done.checkpoint;
}

async function deliver(
  events: readonly ChatEvent[],
  { target, signal, keep }: ReplayOptions,
  done: { checkpoint: ReplayCheckpoint | null },
): Promise<void> {
  const kept = async (taken: number): Promise<void> => {
    const last = events[taken - 1];
    if (last === undefined) return;
    done.checkpoint = { position: last.position, count: (done.checkpoint?.count ?? 0) + taken };
    await keep(done.checkpoint);
  };
  if (events.length === 0 || signal.aborted) return;
  let taken: number;
  try {
    taken = await target.take(events, signal);
  } catch (error) {
    if (error instanceof ReplayError) await kept(error.taken);
    throw error;
  }
  await kept(taken);
}
