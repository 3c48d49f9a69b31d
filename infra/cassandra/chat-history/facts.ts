import type { ChangeFact, FoldFact, SentFact } from '../../../queries/chat-history/view.ts';
import type { Row } from '../cassandra.ts';
import { intOf, textOf, textOrNull } from '../row.ts';

/** Facts out of rows, and what of a fact is stored as JSON. */
type More = Pick<SentFact, 'replyTo' | 'mentions' | 'files' | 'origin'>;

export function moreOf({ replyTo, mentions, files, origin }: SentFact): string | undefined {
  if (!replyTo && !mentions && !files && !origin) return undefined;
  return JSON.stringify({ replyTo, mentions, files, origin } satisfies { [K in keyof More]: unknown });
}

export const mentionsOf = ({ mentions }: ChangeFact): string | undefined =>
  mentions && mentions.length > 0 ? JSON.stringify(mentions) : undefined;

export function sentFact(row: Row): SentFact {
  const fact: SentFact = {
    seq: intOf(row, 'message_seq'),
    number: intOf(row, 'number'),
    messageId: textOf(row, 'message_id'),
    senderId: textOf(row, 'actor'),
    at: intOf(row, 'at'),
    text: textOf(row, 'body'),
  };
  const more = textOrNull(row, 'more');
  return more === null ? fact : Object.assign(fact, JSON.parse(more) as More);
}

export function changeFact(row: Row, messageSeq: number): ChangeFact {
  const kind = textOf(row, 'kind') as ChangeFact['kind'];
  const fact: ChangeFact = {
    messageSeq,
    rev: intOf(row, 'rev'),
    seq: intOf(row, 'seq'),
    at: intOf(row, 'at'),
    actor: textOf(row, 'actor'),
    kind,
  };
  if (kind === 'edited') {
    fact.text = textOf(row, 'body');
    const mentions = textOrNull(row, 'mentions');
    if (mentions !== null) fact.mentions = JSON.parse(mentions) as string[];
  } else if (kind !== 'deleted') {
    fact.emoji = textOf(row, 'body');
  }
  return fact;
}

type FoldState = Omit<FoldFact, 'messageSeq' | 'rev' | 'seq'>;

export function foldState({ text, mentions, editedAt, deleted, reactions }: FoldFact): string {
  return JSON.stringify({ text, mentions, editedAt, deleted, reactions } satisfies FoldState);
}

export const foldFact = (row: Row, messageSeq: number): FoldFact => ({
  messageSeq,
  rev: intOf(row, 'rev'),
  seq: intOf(row, 'seq'),
  ...(JSON.parse(textOf(row, 'state')) as FoldState),
});

/** Of the emojis of which a fold names not all users: through which rev it names all whose reaction stands. */
export type NamesThrough = ReadonlyMap<string, number>;

export const namesText = (names: NamesThrough): string | undefined =>
  names.size === 0 ? undefined : JSON.stringify(Object.fromEntries(names));

export const namesThrough = (row: Row): NamesThrough =>
  new Map(Object.entries(JSON.parse(textOrNull(row, 'names_through') ?? '{}') as Record<string, number>));
