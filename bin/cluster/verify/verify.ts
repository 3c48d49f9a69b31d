import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog, LogPosition, RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { chatOf, userStream } from '../../../events/streams.ts';
import { openViewsStore } from '../../../infra/sqlite/views/open-store.ts';
import { openViews } from '../../../infra/sqlite/views/open-views.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import { createProgress, createRunner, VIEWS } from '../../../projections/index.ts';
import { chatLogReader } from '../../../queries/chat-log/log-reader.ts';
import type { ViewProgress } from '../../../queries/progress.ts';
import { ids } from '../../write-side.ts';
import {
  type Compared,
  compareHistory,
  compareMembers,
  compareUser,
  compareUserChats,
  type ViewReaders,
} from './compare.ts';

export type ViewName = (typeof VIEWS)[number];

export interface VerifyDeps {
  readonly log: EventLog;
  /** What is graded. */
  readonly found: ViewReaders;
  readonly progress: ViewProgress;
}

interface Folded {
  readonly right: ViewReaders;
  readonly subjects: Subjects;
  readonly progress: ViewProgress;
  close(): Promise<void>;
}

/** What a log is about. */
interface Subjects {
  /** Who was ever in a chat. */
  readonly chats: Map<ChatId, Set<UserId>>;
  readonly users: Set<UserId>;
}

/** The views go on while they are compared: what differs is looked at again when both hold the same. */
const LOOKS_MAX = 5;
const CATCH_UP_MS = 60_000;

/**
 * Compares the views with what the log says: it is folded anew, into a file of its own, and both are read through the
 * readers that queries use. `onProgress` is told of 0 to 1.
 */
export async function verifyViews(
  deps: VerifyDeps,
  views: readonly ViewName[],
  onProgress: (progress: number) => void,
): Promise<Compared> {
  const folded = await fold(deps.log);
  try {
    const total: Compared = { rows: 0, differences: [] };
    const work = comparisons({ right: folded.right, found: deps.found }, folded.subjects, views);
    for (const [index, compare] of work.entries()) {
      const { rows, differences } = await settled(deps, folded, compare);
      total.rows += rows;
      total.differences.push(...differences);
      onProgress((index + 1) / work.length);
    }
    return total;
  } finally {
    await folded.close();
  }
}

type Compare = () => Promise<Compared>;

function comparisons(
  both: { right: ViewReaders; found: ViewReaders },
  { chats, users }: Subjects,
  views: readonly ViewName[],
): Compare[] {
  const each = <T>(view: ViewName, subjects: Iterable<T>, compare: (subject: T) => Promise<Compared>): Compare[] =>
    views.includes(view) ? [...subjects].map((subject) => () => compare(subject)) : [];
  return [
    ...each('chat-history', chats.keys(), (chatId) => compareHistory(both, chatId)),
    ...each('members', chats, ([chatId, everIn]) => compareMembers(both, { chatId, everIn })),
    ...each('user-chats', users, (userId) => compareUserChats(both, userId)),
    ...each('users', users, (userId) => compareUser(both, userId)),
  ];
}

async function settled(deps: VerifyDeps, folded: Folded, compare: Compare): Promise<Compared> {
  for (let look = 1; ; look++) {
    const compared = await compare();
    if (compared.differences.length === 0 || look >= LOOKS_MAX) return compared;
    await bothHold(deps, folded, await deps.log.head());
  }
}

async function bothHold({ progress }: VerifyDeps, folded: Folded, position: LogPosition): Promise<void> {
  const [right, found] = await Promise.all([
    folded.progress.reached(position, CATCH_UP_MS),
    progress.reached(position, CATCH_UP_MS),
  ]);
  if (!right || !found) throw new Error(`the views did not come as far as ${position} within ${CATCH_UP_MS} ms`);
}

/** The embedded views of the same log, which go on following it. */
async function fold(whole: EventLog): Promise<Folded> {
  const { log, subjects } = listen(whole);
  const folder = await mkdtemp(join(tmpdir(), 'hindsight-verify-'));
  const file = join(folder, 'views.db');
  const progress = createProgress();
  const store = await openViewsStore({ file, log: { epoch: log.epoch, head: 0 }, onDiscard: () => undefined });
  const runner = createRunner({
    log,
    store,
    clock: systemClock,
    makeId: ids.ulid,
    report: () => undefined,
    onPosition: progress.moved,
    onHead: () => undefined,
  });
  const running = runner.run();
  const views = openViews(file);
  const close = async (): Promise<void> => {
    views.close();
    await runner.close();
    await running;
    store.close();
    progress.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const head = await log.head(); runner.position() < head; ) {
      await Promise.race([progress.reached(head, CATCH_UP_MS), running]);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const right = { ...views, chatLog: chatLogReader(log) };
  return { right, subjects, progress, close };
}

/** The log, and what it is about as far as it was read by whoever folds it. */
function listen(log: EventLog): { log: EventLog; subjects: Subjects } {
  const subjects: Subjects = { chats: new Map(), users: new Set() };
  return {
    subjects,
    log: {
      epoch: log.epoch,
      readStream: (stream, page) => log.readStream(stream, page),
      head: () => log.head(),
      positionBefore: (time) => log.positionBefore(time),
      subscribe: (options) => log.subscribe(options),
      async readAll(page) {
        const events = await log.readAll(page);
        for (const event of events) hear(subjects, event);
        return events;
      },
    },
  };
}

function hear({ chats, users }: Subjects, { stream, type, data }: RecordedEvent): void {
  if (stream.startsWith(USER_STREAM)) users.add(stream.slice(USER_STREAM.length));
  const chatId = chatOf(stream);
  if (chatId === null) return;
  const everIn = chats.get(chatId) ?? new Set();
  chats.set(chatId, everIn);
  for (const userId of cameBy(type, data)) {
    everIn.add(userId);
    users.add(userId);
  }
}

const USER_STREAM = userStream('');

function cameBy(type: string, data: string): UserId[] {
  if (type === 'MemberAdded') return [(JSON.parse(data) as { userId: UserId }).userId];
  if (type !== 'ChatStarted') return [];
  return (JSON.parse(data) as { members: { userId: UserId }[] }).members.map(({ userId }) => userId);
}
