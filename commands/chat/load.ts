import type { RecordedEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import { direct } from '../journal.ts';
import type { CommandsDeps } from '../ports.ts';
import { evolve, evolveMessages } from './evolve.ts';
import { trimIds } from './id-window.ts';
import { trimMessages } from './messages-at-hand.ts';
import { chatPages, happened } from './read.ts';
import { decodeSnapshot } from './snapshot.ts';
import { type ChatState, emptyState } from './state.ts';

export type LoadDeps = Pick<CommandsDeps, 'store' | 'snapshots' | 'clock' | 'onFault'>;

export interface Loaded {
  readonly state: ChatState;
  /** The seq of the snapshot that it came from; 0 without one. */
  readonly snapshotSeq: number;
}

/** A chat as the log has it now: the snapshot, a stretch before it for the recent ids, and what came after. */
export async function loadChat(chatId: string, deps: LoadDeps): Promise<Loaded> {
  const state = await resume(chatId, deps);
  if (state) return { state, snapshotSeq: state.snapshotSeq };
  const fresh = emptyState(chatId);
  await catchUp(fresh, deps);
  return { state: fresh, snapshotSeq: 0 };
}

/** Applies what was appended since; true where there was anything. */
export async function catchUp(state: ChatState, deps: LoadDeps): Promise<boolean> {
  const before = state.head.seq;
  for await (const page of chatPages(deps.store, { chatId: state.chatId, fromSeq: before + 1 })) {
    for (const event of page) evolve(state, happened(event), direct);
    pageDone(state, page, deps);
  }
  return state.head.seq > before;
}

/** null where there is no snapshot that fits the log. */
async function resume(chatId: string, deps: LoadDeps): Promise<(ChatState & { snapshotSeq: number }) | null> {
  const core = await readSnapshot(chatId, deps);
  if (!core) return null;
  const snapshotSeq = core.head.seq;
  let fits = false;
  for await (const page of chatPages(deps.store, { chatId, fromSeq: core.ids.fromSeq })) {
    for (const event of page) {
      const next = happened(event);
      if (next.seq > snapshotSeq) {
        if (!fits) return null;
        evolve(core, next, direct);
        continue;
      }
      if (!core.ids.seqs.has(next.commandId)) core.ids.seqs.set(next.commandId, next.seq);
      evolveMessages(core.messages, next, direct);
      if (next.seq === snapshotSeq) fits = event.eventId === core.head.lastEventId;
    }
    if (fits) pageDone(core, page, deps);
  }
  return fits ? Object.assign(core, { snapshotSeq }) : null;
}

async function readSnapshot(chatId: string, deps: LoadDeps): Promise<ChatState | null> {
  try {
    const snapshot = await deps.snapshots.load(chatStream(chatId));
    return snapshot && decodeSnapshot(chatId, snapshot.state);
  } catch (error) {
    deps.onFault?.(`the snapshot of chat ${chatId} cannot be read`, error); // the log has it all
    return null;
  }
}

function pageDone(state: ChatState, page: readonly RecordedEvent[], deps: LoadDeps): void {
  const last = page.at(-1);
  if (last) Object.assign(state.head, { position: last.position, lastEventId: last.eventId });
  trimIds(state.ids, deps.clock());
  trimMessages(state);
}
