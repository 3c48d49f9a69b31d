import type { ChatId, UserId } from '../../events/ids.ts';
import { PRESENCE_MAX_MEMBERS } from './limits.ts';
import type { ChatMove } from './moves.ts';

/** A group as far as presence is concerned: how large it is and, where it is small, who is in it. */
export interface Circle {
  readonly chatId: ChatId;
  size: number;
  /** Null while they are not known: the group is large, or nobody has asked yet. */
  members: Set<UserId> | null;
  /** The seq as of which the views said so. */
  loadedSeq: number;
  /** The last move taken in since. */
  seq: number;
}

export const createCircle = (chatId: ChatId, known: { size: number; seq: number }): Circle => ({
  chatId,
  size: known.size,
  members: null,
  loadedSeq: known.seq,
  seq: known.seq,
});

export const isSmall = ({ size }: Circle): boolean => size <= PRESENCE_MAX_MEMBERS;

/**
 * `known`: the views held it already. `unsure`: it came after later ones, or once more, so the views are asked again.
 */
export type Taken = 'known' | 'unsure' | 'taken';

export function takeMove(circle: Circle, { seq, came, left }: ChatMove): Taken {
  if (seq <= circle.loadedSeq) return 'known';
  if (seq <= circle.seq) {
    circle.members = null;
    return 'unsure';
  }
  circle.seq = seq;
  circle.size += came.length - (left === null ? 0 : 1);
  if (!isSmall(circle)) circle.members = null;
  for (const userId of came) circle.members?.add(userId);
  if (left !== null) circle.members?.delete(left);
  return 'taken';
}
