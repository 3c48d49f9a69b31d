import { accepted } from '../events/error-codes.ts';
import { StoreError } from '../events/event-store.ts';
import { opsStream } from '../events/streams.ts';
import type { Commands } from './api.ts';
import { handleStream, type StreamDeps } from './handle-stream.ts';

/** Appends to `ops-<area>`. Throws `StoreError` where it cannot: what must be recorded must then not be done. */
export async function recordOps(entry: Parameters<Commands['recordOps']>[0], deps: StreamDeps): Promise<void> {
  const { actor, area, type, data } = entry;
  const outcome = await handleStream(
    {
      stream: opsStream(area),
      actor,
      commandId: deps.ids.ulid(),
      read: 'last',
      initial: null,
      evolve: () => null,
      decide: () => accepted([{ type, data }]),
    },
    deps,
  );
  if (!outcome.ok)
    throw new StoreError(outcome.rejection.code === 'unknown' ? 'unknown' : 'unavailable', outcome.rejection.detail);
}
