import { type UserId, ulidTime } from '../../../events/ids.ts';
import { partitionOf } from '../../../events/partition.ts';
import { FOLD_EVERY } from '../../../queries/chat-history/view.ts';

/** The chat log's clock has an entry for the first of every so many events. */
export const TICK_EVERY = 64;

/** In which partition a fact lies. Fixed for ever: it is in the keys of what was written. */

/**
 * Seqs for each partition of `chat_history` and of `chat_log`: a few MiB of what people write to one another. A multiple
 * of the clock's ticks: what lies between two of them lies in one partition.
 */
const BUCKET_SEQS = 128 * TICK_EVERY;
export const bucketOf = (seq: number): number => Math.floor((seq - 1) / BUCKET_SEQS);
export const firstSeqOf = (bucket: number): number => bucket * BUCKET_SEQS + 1;

/** The last rev that lies among the messages: the fold after it stands for it and all before. */
export const EARLY_REVS = FOLD_EVERY + 1;
/** Revs for each partition of what a message has beyond them. A multiple of FOLD_EVERY: a fold lies where its changes do. */
const PART_REVS = 16 * FOLD_EVERY;
export const partOf = (rev: number): number => Math.floor((rev - 1) / PART_REVS);
export const lastRevOf = (part: number): number => (part + 1) * PART_REVS;

/** A message has at most so many partitions of who reacted. */
const REACTOR_SLOTS = 16;
export const reactorSlotOf = (userId: UserId): number => partitionOf(userId, REACTOR_SLOTS);

/** Ids made on one day lie together, as those of a chat come together. */
const DAY_MS = 86_400_000;
export const dayOf = (ulid: string): number => Math.floor(ulidTime(ulid) / DAY_MS);

/** Bounds of seqs that are as good as none fit into the column too. */
const INT_MAX = 2_147_483_647;
export const asInt = (seq: number): number => Math.min(seq, INT_MAX);
