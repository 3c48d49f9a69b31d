import type { Buffer } from 'node:buffer';
import { rfc3339 } from '../../events/codec.ts';
import { TEXT_MAX_CODE_POINTS } from '../../events/limits.ts';
import { encodePosition } from '../../events/position.ts';
import { PRESENCE_USERS_MAX } from '../presence/limits.ts';
import type { Connection } from './connection.ts';
import { encode } from './frames.ts';
import {
  COMMANDS_OPEN_MAX,
  FRAME_MAX_BYTES,
  READS_OPEN_MAX,
  REPLAYS_MAX,
  SYNC_CHATS_MAX,
  SYNC_LIMIT,
} from './limits.ts';
import type { Services } from './services.ts';

/** What a client has to keep to, so that it need not learn it from refusals. */
const LIMITS = {
  frameBytes: FRAME_MAX_BYTES,
  textCodePoints: TEXT_MAX_CODE_POINTS,
  commandsOpen: COMMANDS_OPEN_MAX,
  readsOpen: READS_OPEN_MAX,
  syncEvents: SYNC_LIMIT,
  syncChats: SYNC_CHATS_MAX,
  replays: REPLAYS_MAX,
  presenceUsers: PRESENCE_USERS_MAX,
};

export function welcomeFrame({ log, clock }: Services, connection: Connection, heartbeatMs: number): Buffer {
  const { principal, openedAt } = connection;
  return encode({
    ev: 'welcome',
    sessionId: principal.sessionId,
    userId: principal.userId,
    epoch: log.epoch,
    position: encodePosition(log.epoch, openedAt),
    at: rfc3339(clock()),
    expiresAt: rfc3339(principal.expiresAt),
    heartbeatMs,
    limits: LIMITS,
  });
}
