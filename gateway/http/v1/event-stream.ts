import type { Rejection } from '../../../events/error-codes.ts';
import type { EventChunk } from '../../../queries/event-stream/index.ts';
import type { GatewayLogger } from '../../context.ts';
import { toSocketError } from '../../errors.ts';
import { fromFailure } from '../../failures.ts';

/** How often a running stream asks whether it may go on. */
const CHECK_MS = 1_000;
/** A line feed after so long without an event, so that whatever stands between knows that the stream lives. */
const HEARTBEAT_MS = 15_000;

export interface StreamGuard {
  /** Why the stream may not go on, or null. */
  refusal(): Promise<Rejection | null>;
  release(): void;
}

interface Supervision {
  guard: StreamGuard;
  aborter: AbortController;
  logger: GatewayLogger;
  /** A silent stream says where it is, as `{"position"}`, instead of sending an empty line. */
  progress: boolean;
}

/**
 * Passes chunks on as fast as they are taken, with a heartbeat where there are none and a last line `{"error"}` where
 * the source fails or the guard refuses: after the first byte there is no status left to tell it with.
 */
export async function* supervised(
  source: AsyncGenerator<EventChunk>,
  { guard, aborter, logger, progress }: Supervision,
): AsyncGenerator<Buffer> {
  let written = performance.now();
  let checked = written;
  let position: string | null = null;
  try {
    let next = source.next();
    let alarm = tick();
    for (;;) {
      const result = await Promise.race([next, alarm]);
      const now = performance.now();
      if (now - checked >= CHECK_MS) {
        checked = now;
        const refusal = await guard.refusal();
        if (refusal !== null) {
          yield errorLine(refusal);
          return;
        }
      }
      if (result === TICK) {
        alarm = tick();
        if (now - written < HEARTBEAT_MS) continue;
        yield progress && position !== null ? Buffer.from(`${JSON.stringify({ position })}\n`) : LINE_FEED;
      } else if (result.done) return;
      else {
        const { bytes } = result.value;
        ({ position } = result.value);
        if (bytes.length > 0) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        next = source.next(); // asked for once the last was taken: a slow reader is never read ahead of
        if (bytes.length === 0) continue;
      }
      written = performance.now();
    }
  } catch (error) {
    const rejection = fromFailure(error);
    logger.error({ err: error, code: rejection.code }, 'a stream of events failed');
    yield errorLine(rejection);
  } finally {
    aborter.abort();
    guard.release();
  }
}

const TICK = Symbol('tick');
const LINE_FEED = Buffer.from('\n');
const errorLine = (rejection: Rejection): Buffer =>
  Buffer.from(`${JSON.stringify({ error: toSocketError(rejection) })}\n`);

function tick(): Promise<typeof TICK> {
  return new Promise((resolve) => setTimeout(resolve, CHECK_MS, TICK).unref());
}
