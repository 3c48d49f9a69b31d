import type { Client } from '@grpc/grpc-js';
import { StoreError } from '../../events/event-store.ts';
import { persistently } from './calls.ts';
import type { Connection } from './connection.ts';
import { EMPTY, serverFeaturesGrpc } from './wire.ts';

/** Older ones answer reads of a stream without positions, or have checkpoints and idempotency that cannot be relied on. */
const SERVER_MAJOR_MIN = 24;
const ATTEMPT_MS = 2_000;

/** What the stand-in's version ends with, so that nobody takes it for the real server. */
export const STAND_IN = 'hindsight-stand-in';

export interface Asking {
  readonly timeoutMs: number;
  readonly closed: () => boolean;
}

/** The server's version, once it answers; throws where it is too old. */
export async function assertServer(connection: Connection, { timeoutMs, closed }: Asking): Promise<string> {
  const version = await persistently({ timeoutMs, closed }, (left) => ask(connection, Math.min(left, ATTEMPT_MS)));
  const major = Number.parseInt(version, 10);
  if (major < SERVER_MAJOR_MIN)
    throw new StoreError('unavailable', `EventStoreDB ${version} is too old: ${SERVER_MAJOR_MIN} or newer is needed`, {
      temporary: false,
    });
  return version;
}

async function ask(connection: Connection, timeoutMs: number): Promise<string> {
  const link = await connection.link(timeoutMs);
  const features = new serverFeaturesGrpc.ServerFeaturesClient('', undefined as never, {
    channelOverride: (link.streams as Client).getChannel(),
  });
  return new Promise((resolve, reject) => {
    const [metadata, options] = link.arguments(timeoutMs);
    features.getSupportedMethods(EMPTY, metadata, options, (error, methods) => {
      if (error) reject(error);
      else resolve(methods.getEventStoreServerVersion());
    });
  });
}
