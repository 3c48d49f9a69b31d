import type { UserId } from './ids.ts';
import { chatOf, receiptsOf } from './streams.ts';

/**
 * What keeps its order on the backplane: a chat's events and the receipts in it go the same way, any other stream its
 * own.
 */
export const partitionKeyOf = (stream: string): string => chatOf(stream) ?? receiptsOf(stream)?.chatId ?? stream;

/** Stable for ever: what was written with one number of partitions is read with the same. FNV-1a over UTF-16 units. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16; // ids differ at their ends: without a last mixing their low bits would lean together
  return (Math.imul(hash, 0x85ebca6b) >>> 0) % partitions;
}

/** Which recipient slot a user belongs to: a gateway owns slots. */
export const slotOf = (userId: UserId, slots: number): number => partitionOf(userId, slots);
