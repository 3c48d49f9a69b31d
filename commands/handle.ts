import { StoreError } from '../events/event-store.ts';
import { chatStream, revisionOf } from '../events/streams.ts';
import { type Appended, appendUntilKnown, pause } from './append.ts';
import type { AbsentIds } from './chat/absent-ids.ts';
import { answerFlight, refuseFlight } from './chat/answer.ts';
import { type Decided, decideBatch } from './chat/decide-batch.ts';
import { type GatherDeps, gather } from './chat/gather.ts';
import { trimIds } from './chat/id-window.ts';
import { catchUp, loadChat } from './chat/load.ts';
import { trimMessages } from './chat/messages-at-hand.ts';
import { encodeSnapshot, snapshotDue } from './chat/snapshot.ts';
import type { ChatState, Head } from './chat/state.ts';
import { busy, type Flight, unknown, unreachable } from './chat-writer.ts';
import { createJournal, type Journal } from './journal.ts';
import type { CommandsDeps, Timer } from './ports.ts';

export interface HandleDeps extends CommandsDeps, Omit<GatherDeps, 'absent'> {
  readonly timer: Timer;
  readonly closing: () => boolean;
  /** Work that nobody waits for but the end of the program; never rejects. */
  readonly background: (work: Promise<void>) => void;
}

/** A chat in memory, owned by its writer. */
export interface Chat {
  readonly chatId: string;
  /** null where it must be loaded (again). */
  state: ChatState | null;
  snapshotSeq: number;
  readonly journal: Journal;
  readonly absent: AbsentIds;
}

export const createChat = (chatId: string): Chat => ({
  chatId,
  state: null,
  snapshotSeq: 0,
  journal: createJournal(),
  absent: new Map(),
});

const RETRY_FIRST_MS = 10;
const RETRY_MAX_MS = 500;

/** The five steps: load, gather, decide, append, answer; on a conflict catch up and decide again, until the deadline. */
export async function handleFlight(chat: Chat, flight: Flight, deps: HandleDeps): Promise<void> {
  let wait = RETRY_FIRST_MS;
  for (let known = false; !flight.expired; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    try {
      const step = await attempt(chat, flight, { deps, known });
      if (step === 'answered') return;
      known = step === 'caught-up';
    } catch (error) {
      if (!(error instanceof StoreError) || !error.temporary) {
        chat.state = null; // half a batch may lie in it
        chat.journal.commit();
        throw error;
      }
      // A store that does not answer leaves the state as it was: to load it again would be more work for that store.
      if (deps.closing() || deps.timer.now() + wait >= flight.deadline) return refuseFlight(flight, unreachable());
      known = false;
      await pause(deps.timer, wait);
    }
  }
}

/** `caught-up`: the state was just read from the log, decide again. `again`: decide again, but it may be stale. */
type Step = 'answered' | 'caught-up' | 'again';

/** `known`: the state is as fresh as the log. */
async function attempt(
  chat: Chat,
  flight: Flight,
  { deps, known }: { deps: HandleDeps; known: boolean },
): Promise<Step> {
  const fresh = known || chat.state === null;
  const state = (chat.state ??= await load(chat, deps));
  const gathered = await gather(state, flight.commands, { ...deps, absent: chat.absent });
  if (flight.expired) return 'answered';
  if (gathered === null) return refresh(chat, flight, deps);
  const before = { ...state.head };
  const decided = decideBatch(state, flight.commands, {
    gathered,
    journal: chat.journal,
    now: deps.clock(),
    ids: deps.ids,
  });
  if (decided.events.length === 0) {
    const certain =
      fresh || (flight.commands.length === flight.items.length && decided.answers.every((answer) => answer.settled));
    if (!certain && (await catchUp(state, deps))) return 'caught-up';
    answerFlight(flight, { state, answers: decided.answers, position: before.position, epoch: deps.store.epoch });
    return 'answered';
  }
  flight.appending = true;
  const result = await appendUntilKnown({
    ...deps,
    stream: chatStream(chat.chatId),
    expected: revisionOf(before.seq),
    events: decided.events,
    deadline: flight.deadline,
    pursue: true,
  });
  return land(chat, flight, { result, decided, before, deps });
}

async function load(chat: Chat, deps: HandleDeps): Promise<ChatState> {
  const { state, snapshotSeq } = await loadChat(chat.chatId, deps);
  chat.snapshotSeq = snapshotSeq;
  snapshotWhereDue(chat, state, deps);
  return state;
}

/** The world knows more than the state. */
async function refresh(chat: Chat, flight: Flight, deps: HandleDeps): Promise<Step> {
  if (chat.state && (await catchUp(chat.state, deps))) return 'caught-up';
  if (deps.timer.now() < flight.deadline) {
    await pause(deps.timer, RETRY_FIRST_MS);
    return 'again';
  }
  refuseFlight(flight, busy());
  return 'answered';
}

interface Landing {
  readonly result: Appended;
  readonly decided: Decided;
  readonly before: Head;
  readonly deps: HandleDeps;
}

async function land(chat: Chat, flight: Flight, { result, decided, before, deps }: Landing): Promise<Step> {
  const state = chat.state as ChatState;
  switch (result.status) {
    case 'appended':
      chat.journal.commit();
      state.head.position = result.position;
      answerFlight(flight, { state, answers: decided.answers, position: result.position, epoch: deps.store.epoch });
      trimIds(state.ids, deps.clock());
      trimMessages(state);
      snapshotWhereDue(chat, state, deps);
      return 'answered';
    case 'conflict':
      flight.appending = false;
      takeBack(chat, before);
      if (result.actual < revisionOf(before.seq)) {
        chat.state = null; // another log than the one it came from
        chat.absent.clear();
      }
      return refresh(chat, flight, deps);
    case 'lost':
      takeBack(chat, before);
      if (!result.error.temporary) throw result.error;
      refuseFlight(flight, unreachable());
      return 'answered';
    case 'unknown':
      chat.state = null;
      chat.journal.commit();
      refuseFlight(flight, unknown());
      return 'answered';
  }
}

function takeBack(chat: Chat, before: Head): void {
  chat.journal.rollback();
  if (chat.state) chat.state.head = before;
}

/** In the background: a snapshot that is not there costs time at the next load, nothing else. */
function snapshotWhereDue(chat: Chat, state: ChatState, deps: HandleDeps): void {
  if (!snapshotDue(state, chat.snapshotSeq)) return;
  chat.snapshotSeq = state.head.seq;
  const saved = deps.snapshots
    .save(chatStream(chat.chatId), revisionOf(state.head.seq), encodeSnapshot(state))
    .catch((error: unknown) => deps.onFault?.(`the snapshot of chat ${chat.chatId} was not saved`, error));
  if (!deps.closing()) deps.background(saved);
}
