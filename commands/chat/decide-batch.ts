import { rfc3339 } from '../../events/codec.ts';
import type { Rejection } from '../../events/error-codes.ts';
import type { NewEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import type { ChatCommand, ChatReply } from '../api.ts';
import { encodeEvent } from '../encode.ts';
import type { Journal } from '../journal.ts';
import type { Ids } from '../ports.ts';
import { decide, unavailable } from './decide.ts';
import type { Decision } from './decide-members.ts';
import { type Gathered, knownSeq } from './gather.ts';
import { answerRepeat, type First } from './repeat.ts';
import { type ChatState, evolve } from './state.ts';

/** What a command came to. `position` of the reply is that of the append, or `position` where it is known already. */
export type Answer =
  | { readonly rejection: Rejection; readonly settled: boolean }
  | { readonly reply: Omit<ChatReply, 'position'>; readonly position: number; readonly settled: boolean };

export interface Decided {
  readonly events: NewEvent[];
  /** In the order of the commands. `settled`: it would be the same whatever was appended meanwhile. */
  readonly answers: Answer[];
}

interface Pass {
  readonly state: ChatState;
  readonly gathered: Gathered;
  readonly journal: Journal;
  readonly now: number;
  readonly ids: Ids;
  readonly events: NewEvent[];
  /** What this batch itself lets happen, by seq. */
  readonly firsts: Map<number, First>;
}

/** Decides commands one after the other, each on what those before it did. The state is as if all were stored. */
export function decideBatch(
  state: ChatState,
  commands: readonly ChatCommand[],
  setting: { gathered: Gathered; journal: Journal; now: number; ids: Ids },
): Decided {
  const pass: Pass = { ...setting, state, events: [], firsts: new Map() };
  const answers = commands.map((command) => decideOne(command, pass));
  return { events: pass.events, answers };
}

function decideOne(command: ChatCommand, pass: Pass): Answer {
  const { state, gathered, now } = pass;
  const seq = knownSeq(state, command, gathered.seqs);
  if (seq !== undefined) return repeated(command, seq, pass);
  const decision = gathered.unavailable.has(command.commandId)
    ? (unavailable() satisfies Decision)
    : decide(state, command, { now, facts: gathered });
  if (!decision.ok) return { rejection: decision.rejection, settled: false };
  if (decision.value.length === 0) {
    const { seq: headSeq, at, position } = state.head;
    return { reply: replyTo(command, { seq: headSeq, at, changed: false, repeated: false }), position, settled: false };
  }
  return happens(command, decision.value, pass);
}

function repeated(command: ChatCommand, seq: number, pass: Pass): Answer {
  const first = pass.firsts.get(seq) ?? pass.gathered.firsts.get(seq);
  if (!first) throw new Error(`chat ${command.chatId}: event ${seq} was not read`);
  const outcome = answerRepeat(command, first);
  const settled = first.position > 0;
  if (!outcome.ok) return { rejection: outcome.rejection, settled };
  return {
    reply: replyTo(command, { seq, at: first.at, changed: true, repeated: true }),
    position: first.position,
    settled,
  };
}

function happens(command: ChatCommand, facts: Extract<Decision, { ok: true }>['value'], pass: Pass): Answer {
  const { state, events } = pass;
  const { actor, commandId, correlationId = commandId } = command;
  const at = Math.max(pass.now, state.head.at);
  const firstSeq = state.head.seq + 1;
  const stream = chatStream(command.chatId);
  facts.forEach((fact, i) => {
    const seq = firstSeq + i;
    events.push(encodeEvent({ ...fact, stream, actor, at, commandId, correlationId }, pass.ids));
    evolve(state, { seq, at, actor, commandId, fact }, pass.journal);
  });
  pass.firsts.set(firstSeq, { seq: firstSeq, at, position: 0, actor, fact: facts[0] ?? null });
  state.head = { ...state.head, position: 0, lastEventId: events.at(-1)?.eventId ?? '' };
  return {
    reply: replyTo(command, { seq: firstSeq, at, changed: true, repeated: false }),
    position: 0,
    settled: false,
  };
}

function replyTo(
  command: ChatCommand,
  what: { seq: number; at: number; changed: boolean; repeated: boolean },
): Omit<ChatReply, 'position'> {
  const { seq, at, changed, repeated: again } = what;
  const messageId =
    command.type === 'send' ? command.commandId : 'messageId' in command ? command.messageId : undefined;
  const about = messageId === undefined ? { chatId: command.chatId } : { chatId: command.chatId, messageId };
  return { ...about, seq, at: rfc3339(at), changed, repeated: again };
}
