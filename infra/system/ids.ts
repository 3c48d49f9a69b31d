import { createHash, randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Ids } from '../../commands/ports.ts';
import { type Clock, systemClock } from './clock.ts';

/** A source of ULIDs that grow strictly within this process, also when the clock is set back. */
export function createUlidFactory(clock: Clock = systemClock): () => string {
  const make = monotonicFactory();
  return () => make(clock());
}

/** The ids of the write side. */
export function createIds(clock: Clock = systemClock): Ids {
  return { ulid: createUlidFactory(clock), eventId: deterministicUuid };
}

/** The UUID (version 8) that a namespace and a key always give: 122 bits of their SHA-256. */
export function deterministicUuid(namespace: string, key: string): string {
  // The length keeps apart what concatenation would make the same.
  const hex = createHash('sha256').update(`${namespace.length}:${namespace}${key}`).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const EPOCH_LENGTH = 8;

/** A log's epoch: short, random, of digits and lower-case letters. */
export function randomEpoch(): string {
  return Array.from({ length: EPOCH_LENGTH }, () => randomInt(36).toString(36)).join('');
}
