import { randomUUID } from 'node:crypto';
import { NO_STREAM, StoreError } from '../../events/event-store.ts';
import { randomEpoch } from '../system/ids.ts';
import type { Appender } from './appender.ts';
import { INTERNAL_PREFIX } from './events.ts';
import type { Reader } from './reader.ts';

/** Its last event names the log; whoever restores the server from a backup appends another. */
export const EPOCH_STREAM = `${INTERNAL_PREFIX}epoch`;

/** The name of the log, given to it by the first who asks: of several at once, one. */
export async function readEpoch(
  reader: Pick<Reader, 'readStream'>,
  appender: Pick<Appender, 'append'>,
): Promise<string> {
  const there = await lastEpoch(reader);
  if (there !== null) return there;
  const data = JSON.stringify({ epoch: randomEpoch() });
  await appender.append(EPOCH_STREAM, NO_STREAM, [{ eventId: randomUUID(), type: 'EpochBegan', data, metadata: '{}' }]);
  const given = await lastEpoch(reader);
  if (given === null) throw new StoreError('corrupt', `${EPOCH_STREAM} is empty after an append`);
  return given;
}

export async function lastEpoch(reader: Pick<Reader, 'readStream'>): Promise<string | null> {
  const [last] = await reader.readStream(EPOCH_STREAM, { direction: 'backwards', limit: 1 });
  if (!last) return null;
  const data: unknown = JSON.parse(last.data);
  if (typeof data === 'object' && data !== null && 'epoch' in data && typeof data.epoch === 'string') return data.epoch;
  throw new StoreError('corrupt', `the last event of ${EPOCH_STREAM} names no epoch`);
}
