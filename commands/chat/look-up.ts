import { direct } from '../journal.ts';
import type { CommandsDeps, LookedUpMessage, LookupAnswer, LookupQuery } from '../ports.ts';
import { type AbsentIds, rememberAbsent } from './absent-ids.ts';
import { evolveMessages } from './evolve.ts';
import { chatPages, happened } from './read.ts';
import { type ChatState, type Happened, type MessageState, reactorKey } from './state.ts';

export interface Asked {
  /** Ids of commands that may be known. */
  readonly ids: Set<string>;
  /** Ids of messages whose state is needed. */
  readonly targets: Set<string>;
  readonly reactions: { messageId: string; userId: string; emoji: string }[];
}

export interface Found {
  /** The asked ids that are known → seq of their first event. */
  readonly seqs: Map<string, number>;
  /** Of which nobody can say. */
  readonly unavailable: ReadonlySet<string>;
}

export interface LookUpDeps extends Pick<CommandsDeps, 'store' | 'lookup' | 'onFault'> {
  /** Of this chat. */
  readonly absent: AbsentIds;
}

/** How much of a stream is read at most where the lookup lags or fails. */
export const STREAM_READ_MAX_EVENTS = 20_000;

/**
 * Asks the lookup and reads the stream from where it ends, so that what comes out is exact as of the state's head however
 * old the lookup was. Messages are put at hand in the state. null where the lookup is ahead of the state.
 */
export async function lookUp(state: ChatState, asked: Asked, deps: LookUpDeps): Promise<Found | null> {
  const answer = absentThrough(asked, deps.absent) ?? (await ask(state.chatId, asked, deps));
  if (answer.throughSeq > state.head.seq) return null;
  const found: Found = { seqs: new Map(), unavailable: new Set() };
  const folded = new Map<string, MessageState>();
  for (const [id, { seq, message }] of answer.found) {
    if (asked.ids.has(id)) found.seqs.set(id, seq);
    if (message && asked.targets.has(id))
      folded.set(
        id,
        atHand(
          seq,
          message,
          asked.reactions.filter((r) => r.messageId === id),
        ),
      );
  }
  const complete = await readOn(state, { asked, found, folded, fromSeq: answer.throughSeq + 1 }, deps);
  for (const [id, message] of folded) putAtHand(state, id, message);
  return complete ? found : { seqs: found.seqs, unavailable: unanswered(asked, found, folded) };
}

/** What is known without asking anybody. */
function absentThrough({ ids, targets }: Asked, absent: AbsentIds): LookupAnswer | null {
  if (targets.size > 0) return null;
  const throughSeq = Math.min(...[...ids].map((id) => absent.get(id) ?? 0));
  return throughSeq > 0 ? { throughSeq, found: new Map() } : null;
}

async function ask(chatId: string, asked: Asked, deps: LookUpDeps): Promise<LookupAnswer> {
  const query: LookupQuery = { chatId, ids: [...asked.ids, ...asked.targets], reactions: asked.reactions };
  try {
    return await deps.lookup.find(query);
  } catch (error) {
    deps.onFault?.('the message lookup failed', error); // the log has it all
    return { throughSeq: 0, found: new Map() };
  }
}

function atHand(seq: number, message: LookedUpMessage, pairs: LookupQuery['reactions']): MessageState {
  const { senderId, rev, deleted, text, mentions, emojis, reacted } = message;
  const reactors = new Map(pairs.map(({ emoji, userId }) => [reactorKey(emoji, userId), false]));
  for (const { emoji, userId } of reacted) reactors.set(reactorKey(emoji, userId), true);
  return {
    seq,
    senderId,
    rev,
    deleted,
    text,
    mentions,
    emojis: new Map(emojis),
    reactors,
    complete: emojis.size === 0,
  };
}

interface Reading {
  readonly asked: Asked;
  readonly found: Found;
  readonly folded: Map<string, MessageState>;
  readonly fromSeq: number;
}

/** False where there is too much to read: then only what lies in the window was. */
async function readOn(state: ChatState, reading: Reading, deps: LookUpDeps): Promise<boolean> {
  const { asked, found, folded } = reading;
  const throughSeq = asked.targets.size > 0 ? state.head.seq : state.ids.fromSeq - 1;
  const bounded = throughSeq - reading.fromSeq < STREAM_READ_MAX_EVENTS;
  if (!bounded) folded.clear(); // they could not be brought up to date
  const fromSeq = bounded ? reading.fromSeq : firstInWindow(state, asked);
  for await (const page of chatPages(deps.store, { chatId: state.chatId, fromSeq, throughSeq })) {
    for (const event of page) {
      const next = happened(event);
      if (asked.ids.has(next.commandId) && !found.seqs.has(next.commandId)) found.seqs.set(next.commandId, next.seq);
      if (concerns(asked.targets, next)) evolveMessages(folded, next, direct);
    }
  }
  if (bounded) for (const id of asked.ids) if (!found.seqs.has(id)) rememberAbsent(deps.absent, id, throughSeq);
  return bounded;
}

function firstInWindow(state: ChatState, asked: Asked): number {
  const seqs = [...asked.targets].map((id) => state.ids.seqs.get(id) ?? Number.POSITIVE_INFINITY);
  return Math.min(...seqs);
}

const concerns = (targets: ReadonlySet<string>, { fact }: Happened): boolean =>
  fact !== null && 'messageId' in fact.data && targets.has(fact.data.messageId);

/** What was known of single reactions stays known. */
function putAtHand(state: ChatState, id: string, message: MessageState): void {
  const before = state.messages.get(id);
  if (before && !message.complete) {
    for (const [key, stands] of before.reactors) if (!message.reactors.has(key)) message.reactors.set(key, stands);
  }
  state.messages.delete(id);
  state.messages.set(id, message);
}

function unanswered(asked: Asked, found: Found, folded: ReadonlyMap<string, MessageState>): ReadonlySet<string> {
  const ids = [...asked.ids].filter((id) => !found.seqs.has(id));
  const targets = [...asked.targets].filter((id) => !folded.has(id));
  return new Set([...ids, ...targets]);
}
