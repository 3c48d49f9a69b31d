import type { StoredChatFact } from '../../events/chat.ts';
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
import { evolve } from './evolve.ts';
import { type Gathered, knownSeq } from './gather.ts';
import { answerRepeat, type First } from './repeat.ts';
import type { ChatState } from './state.ts';

/** What a command came to. */
export interface Answer {
  /** A reply still lacks its position. */
  readonly outcome: { ok: true; value: ChatReply } | { ok: false; rejection: Rejection };
  /** Where it is known already: log position of the event, or of the chat's last. 0: that of the append. */
  readonly position: number;
  /** It would be the same whatever was appended meanwhile. */
  readonly settled: boolean;
}

export interface Decided {
  readonly events: NewEvent[];
  /** In the order of the commands. */
  readonly answers: Answer[];
}

interface Pass {
  readonly state: ChatState;
  readonly stream: string;
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
  const pass: Pass = { ...setting, state, stream: chatStream(state.chatId), events: [], firsts: new Map() };
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
  if (!decision.ok) return { outcome: decision, position: 0, settled: false };
  if (decision.value.length > 0) return happens(command, decision.value, pass);
  const { seq: headSeq, at, position } = state.head;
  return { outcome: replyTo(command, { seq: headSeq, at, changed: false, repeated: false }), position, settled: false };
}

function repeated(command: ChatCommand, seq: number, pass: Pass): Answer {
  const first = pass.firsts.get(seq) ?? pass.gathered.firsts.get(seq);
  if (!first) throw new Error(`chat ${command.chatId}: event ${seq} was not read`);
  const { position, at } = first;
  const same = answerRepeat(command, first);
  const outcome = same.ok ? replyTo(command, { seq, at, changed: true, repeated: true }) : same;
  return { outcome, position, settled: position > 0 };
}

function happens(command: ChatCommand, facts: readonly StoredChatFact[], pass: Pass): Answer {
  const { state, events } = pass;
  const { actor, commandId, correlationId = commandId, causationId, traceparent } = command;
  const at = Math.max(pass.now, state.head.at);
  const firstSeq = state.head.seq + 1;
  for (const fact of facts) {
    const { type, data } = fact;
    const event = encodeEvent(
      { stream: pass.stream, type, data, actor, at, commandId, correlationId, causationId, traceparent },
      pass.ids,
    );
    events.push(event);
    evolve(state, { seq: state.head.seq + 1, at, actor, commandId, fact }, pass.journal);
    state.head.lastEventId = event.eventId;
  }
  state.head.position = 0;
  pass.firsts.set(firstSeq, { seq: firstSeq, at, position: 0, actor, fact: facts[0] ?? null });
  return {
    outcome: replyTo(command, { seq: firstSeq, at, changed: true, repeated: false }),
    position: 0,
    settled: false,
  };
}

function replyTo(
  command: ChatCommand,
  what: { seq: number; at: number; changed: boolean; repeated: boolean },
): { ok: true; value: ChatReply } {
  const { seq, changed, repeated: again } = what;
  const { chatId } = command;
  const at = rfc3339(what.at);
  const messageId =
    command.type === 'send' ? command.commandId : 'messageId' in command ? command.messageId : undefined;
  if (messageId === undefined) return { ok: true, value: { chatId, seq, at, position: '', changed, repeated: again } };
  return { ok: true, value: { chatId, messageId, seq, at, position: '', changed, repeated: again } };
}
