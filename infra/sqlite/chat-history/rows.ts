import type { ChangeFact, FoldFact, SentFact } from '../../../queries/chat-history/view.ts';

/** How facts lie in rows. Rows are read as arrays, in the order of these columns. */
export const MESSAGE_COLUMNS = 'seq, number, message_id, sender, at, text, more';
export type MessageRow = [
  seq: number,
  number: number,
  messageId: string,
  sender: number,
  at: number,
  text: string,
  more: string | null,
];
export const CHANGE_COLUMNS = 'message_seq, rev, seq, at, actor, kind, body, mentions';
export type ChangeRow = [
  messageSeq: number,
  rev: number,
  seq: number,
  at: number,
  actor: number,
  kind: ChangeFact['kind'],
  body: string | null,
  mentions: string | null,
];
export const FOLD_COLUMNS = 'message_seq, seq, rev, state';
export type FoldRow = [messageSeq: number, seq: number, rev: number, state: string];

export type IdOf = (key: number) => string;
export type KeyOf = (id: string) => number;

type More = Pick<SentFact, 'replyTo' | 'mentions' | 'files' | 'origin'>;

export function moreOf({ replyTo, mentions, files, origin }: SentFact): string | null {
  if (!replyTo && !mentions && !files && !origin) return null;
  return JSON.stringify({ replyTo, mentions, files, origin } satisfies { [K in keyof More]: unknown });
}

export function sentFact(row: MessageRow, userId: IdOf): SentFact {
  const [seq, number, messageId, sender, at, text, more] = row;
  const fact: SentFact = { seq, number, messageId, senderId: userId(sender), at, text };
  return more === null ? fact : Object.assign(fact, JSON.parse(more) as More);
}

export function changeFact(row: ChangeRow, userId: IdOf): ChangeFact {
  const [messageSeq, rev, seq, at, actor, kind, body, mentions] = row;
  const fact: ChangeFact = { messageSeq, rev, seq, at, actor: userId(actor), kind };
  if (kind === 'edited') {
    fact.text = body ?? '';
    if (mentions !== null) fact.mentions = JSON.parse(mentions) as string[];
  } else if (kind !== 'deleted') {
    fact.emoji = body ?? '';
  }
  return fact;
}

/** Users of reactions as keys: a fold of many reactions is read with every page that shows it. */
export interface FoldState {
  text: string;
  mentions: string[];
  editedAt: number | null;
  deleted: boolean;
  reactions: [emoji: string, count: number, first: number[]][];
}

export function foldState(fact: FoldFact, key: KeyOf): string {
  const { text, mentions, editedAt, deleted } = fact;
  const reactions = fact.reactions.map(({ emoji, count, first }): FoldState['reactions'][number] => [
    emoji,
    count,
    first.map(key),
  ]);
  return JSON.stringify({ text, mentions, editedAt, deleted, reactions } satisfies FoldState);
}

export function foldFact([messageSeq, seq, rev, state]: FoldRow, userId: IdOf): FoldFact {
  const { reactions, ...rest } = JSON.parse(state) as FoldState;
  return {
    messageSeq,
    rev,
    seq,
    ...rest,
    reactions: reactions.map(([emoji, count, first]) => ({ emoji, count, first: first.map(userId) })),
  };
}
