import type { ChatEvent } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { QueryDeps } from '../../queries/index.ts';
import type { UserRow } from '../../queries/users/view.ts';
import { naiveAccess, naiveMembers, naiveUserChats } from './naive-members.ts';
import { naiveChatHistory, naiveChatLog } from './naive-messages.ts';
import { eventsOf, type NaiveState, positionOf } from './naive-state.ts';
import { EPOCH } from './random-chat.ts';

/**
 * The read side's readers, naive and obviously right: every answer folds the events anew with the one reducer. They
 * serve as the oracle for real ones, and as the views of the queries' tests. The log holds all events that were added;
 * the views hold those up to `heldAt`, so that a test can let them lag.
 */
export interface NaiveViews {
  readonly deps: QueryDeps;
  readonly log: ChatEvent[];
  add(...events: readonly ChatEvent[]): void;
  /** Moves a user's marks, as receipts do. */
  mark(chatId: ChatId, userId: UserId, marks: { readSeq: number; deliveredSeq: number }): void;
  addUser(row: UserRow): void;
  /** Lets the views stop at a log position; null lets them follow. */
  hold(position: number | null, lagMs?: number): void;
  /** What happens when somebody waits for a position that the views do not hold. */
  onWait(act: (position: number) => void): void;
  /** How often each reader was called since the last look. */
  calls(): number;
}

export interface NaiveOptions {
  clock?: () => number;
  /** A message's state is folded into one fact every so many changes; the real views do so every 64. */
  foldEvery?: number;
  /** The chat log is a view like the others and can lag; otherwise it is the log itself. */
  chatLogLags?: boolean;
}

export function createNaiveViews(options: NaiveOptions = {}): NaiveViews {
  const state: NaiveState = { log: [], marks: new Map(), users: [], heldAt: null, lagMs: 0 };
  let calls = 0;
  let waited: (position: number) => void = () => undefined;
  const counted = <T extends object>(reader: T): T =>
    new Proxy(reader, {
      get(target, name) {
        calls += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
  const end = (): number => state.log.reduce((last, event) => Math.max(last, positionOf(event)), 0);
  const held = (): number => (state.heldAt === null ? end() : Math.min(state.heldAt, end()));
  const deps: QueryDeps = {
    chatHistory: counted(naiveChatHistory(state, options.foldEvery ?? Number.POSITIVE_INFINITY)),
    chatLog: counted(naiveChatLog(state, options.chatLogLags === true)),
    members: counted(naiveMembers(state)),
    userChats: counted(naiveUserChats(state)),
    users: counted({
      user: async (userId: UserId) => state.users.find((row) => row.userId === userId) ?? null,
      search: async (query: { text: string; mode: 'prefix' | 'part'; after?: string; limit: number }) =>
        searchUsers(state.users, query),
    }),
    progress: {
      position: held,
      reached: async (position) => {
        if (held() < position) waited(position);
        return held() >= position;
      },
      lagMs: () => (held() < end() ? state.lagMs : 0),
    },
    head: async () => end(),
    epoch: EPOCH,
    access: async (chatId, userId) => naiveAccess(eventsOf(state, chatId, { log: true }), userId),
    clock: options.clock ?? (() => Date.UTC(2030, 0, 1)),
    userSearch: 'prefix',
  };
  return {
    deps,
    log: state.log,
    add: (...events) => void state.log.push(...events),
    mark: (chatId, userId, marks) => void state.marks.set(`${chatId} ${userId}`, marks),
    addUser: (row) => void state.users.push(row),
    hold: (position, lagMs = 500) => {
      state.heldAt = position;
      state.lagMs = lagMs;
    },
    onWait: (act) => {
      waited = act;
    },
    calls: () => {
      const since = calls;
      calls = 0;
      return since;
    },
  };
}

function searchUsers(
  rows: readonly UserRow[],
  query: { text: string; mode: 'prefix' | 'part'; after?: string; limit: number },
): UserRow[] {
  const key = (row: UserRow): string => row.username ?? row.userId;
  const folded = (name: string): string => name.normalize('NFKC').toLowerCase();
  const fits = (name: string): boolean =>
    query.mode === 'prefix' ? folded(name).startsWith(query.text) : folded(name).includes(query.text);
  return rows
    .filter((row) => fits(row.displayName) || (row.username !== null && fits(row.username)))
    .filter((row) => query.after === undefined || key(row) > query.after)
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .slice(0, query.limit);
}
