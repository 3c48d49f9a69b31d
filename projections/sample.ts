import { partitionOf } from '../events/partition.ts';

/** So finely a share is told apart from another. */
const PARTS = 1_000_000;

/** The same chats (and users) for the same share, on every machine; a greater share has all that a smaller one has. */
export const isSampled = (id: string, share: number): boolean => partitionOf(id, PARTS) < share * PARTS;
