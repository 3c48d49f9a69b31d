import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { partitionOf } from '../../../events/partition.ts';
import { chatOf, receiptsOf, userStream } from '../../../events/streams.ts';
import { allPartitions, type StoredPartition } from '../../../infra/cassandra/stored-rows.ts';
import type { Comparison, LiveGenerations, Target } from '../../../projections/generations/ports.ts';
import type { Parking } from '../../../projections/parking/ports.ts';
import { type Checkpoints, groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';
import { isSampled } from '../../../projections/sample.ts';
import type { GenerationStores } from '../generations/stores.ts';
import { createTotal, lookAgain } from './graded.ts';
import { gradeHistory } from './history.ts';
import { apartFrom, type Outside, readOutside } from './outside.ts';
import { patiently } from './patiently.ts';
import { gradeChats, gradeUsers, subjectsIn } from './views.ts';

export interface VerifyDeps {
  readonly log: EventLog;
  readonly stores: GenerationStores;
  readonly checkpoints: Checkpoints;
  readonly parking: Pick<Parking, 'list'>;
  /** Of the topic of events. */
  readonly partitions: number;
}

export interface VerifyAsked {
  readonly generations: Partial<LiveGenerations>;
  readonly views: readonly string[];
  /** Of the chats and users. */
  readonly sample: number;
  readonly signal: AbortSignal;
  /** 0 to 1. */
  onProgress(progress: number): void;
}

/** Whose rows are read in one go. */
const CHATS_AT_ONCE = 20;
const USERS_AT_ONCE = 200;
/** Such goes, and histories of a chat, that are compared side by side. */
const LANES = 4;
/** Finding out what the log is about is so much of the work. */
const SURVEY_SHARE = 0.2;

export const generationsOf = (targets: readonly Target[]): Partial<LiveGenerations> =>
  Object.fromEntries(targets.map(({ group, generation }) => [group, generation]));

/**
 * Compares every row of views with what the log says, each chat with its own streams, while both go on: what is told of
 * is different, and not late. `sample`: the same chats each time.
 */
export async function verifyViews(deps: VerifyDeps, asked: VerifyAsked): Promise<Comparison> {
  const { generations, views, sample, onProgress } = asked;
  const total = createTotal();
  const subjects = await survey(deps, asked);
  const outside = await readOutside(deps);
  const work: (() => Promise<void>)[] = [];
  const history = generations['chat-history'];
  if (history !== undefined && views.includes('chat-history')) {
    work.push(...(await historyWork(deps, { generation: history, subjects, outside, add: total.add })));
  }
  const userChats = generations['user-chats'];
  if (userChats !== undefined && views.some((view) => view !== 'chat-history')) {
    work.push(...(await viewsWork(deps, { generation: userChats, subjects, outside, views, add: total.add })));
  }
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let next = work.shift(); next; next = work.shift()) {
      asked.signal.throwIfAborted();
      await patiently(next, asked.signal);
      done += 1;
      onProgress(SURVEY_SHARE + (1 - SURVEY_SHARE) * (done / (done + work.length)));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { ...total.compared(), sample, ...apartFrom(outside, asked) };
}

/** What a log is about, as far as it is in the sample. */
interface Subjects {
  readonly chats: Set<ChatId>;
  readonly users: Set<UserId>;
  inSample(id: string): boolean;
}

async function survey({ log }: VerifyDeps, { sample, signal, onProgress }: VerifyAsked): Promise<Subjects> {
  const inSample = (id: string): boolean => isSampled(id, sample);
  const subjects: Subjects = { chats: new Set(), users: new Set(), inSample };
  const head = await log.head();
  for await (const page of pagesOfLog(log, { until: head })) {
    signal.throwIfAborted();
    for (const { stream } of page) hear(subjects, stream);
    onProgress(SURVEY_SHARE * ((page.at(-1)?.position ?? head) / head));
  }
  return subjects;
}

const USER_STREAM = userStream('');

function hear({ chats, users, inSample }: Subjects, stream: string): void {
  if (stream.startsWith(USER_STREAM)) {
    const userId = stream.slice(USER_STREAM.length);
    if (inSample(userId)) users.add(userId);
    return;
  }
  const chatId = chatOf(stream) ?? receiptsOf(stream)?.chatId ?? null;
  if (chatId !== null && inSample(chatId)) chats.add(chatId);
}

interface Grading {
  readonly generation: number;
  readonly subjects: Subjects;
  readonly outside: Outside;
  readonly add: ReturnType<typeof createTotal>['add'];
}

async function historyWork(
  deps: VerifyDeps,
  { generation, subjects, outside, add }: Grading,
): Promise<(() => Promise<void>)[]> {
  const { log, stores } = deps;
  const cassandra = stores.cassandra(generation);
  const places = new Map<ChatId, StoredPartition[]>([...subjects.chats].map((chatId) => [chatId, []]));
  for await (const partition of allPartitions(cassandra)) {
    const chatId = String(partition.values[0]);
    if (!subjects.inSample(chatId)) continue;
    const known = places.get(chatId);
    if (known) known.push(partition);
    else places.set(chatId, [partition]); // in no log, or as new as that
  }
  return [...places].map(([chatId, partitions]) => async () => {
    const of = { group: 'chat-history', generation } as const;
    const committed = async () => outside.held(of, chatId, await committedOf(deps, of, chatId));
    add(await gradeHistory({ log, cassandra, chatId, partitions, committed, leftOut: outside.leftOut }));
  });
}

export async function committedOf(
  { checkpoints, partitions }: Pick<VerifyDeps, 'checkpoints' | 'partitions'>,
  { group, generation }: { group: ViewGroup; generation: number },
  chatId: ChatId,
): Promise<LogPosition> {
  const states = await checkpoints.list([groupName(group, generation)]);
  return states.find(({ partition }) => partition === partitionOf(chatId, partitions))?.position ?? 0;
}

async function viewsWork(
  deps: VerifyDeps,
  { generation, subjects, outside, views, add }: Grading & { views: readonly string[] },
): Promise<(() => Promise<void>)[]> {
  const { log, stores, partitions } = deps;
  const postgres = stores.postgres(generation);
  const of = { log, postgres, generation, partitions, views, outside };
  const found = await subjectsIn(postgres);
  const chats = new Set([...subjects.chats, ...found.chats.filter(subjects.inSample)]);
  const users = new Set([...subjects.users, ...found.users.filter(subjects.inSample)]);
  const ofChats = views.some((view) => view === 'user-chats' || view === 'members') ? [...chats] : [];
  return [
    ...inParts(ofChats, CHATS_AT_ONCE).map((ids) => async () => add(await lookAgain(() => gradeChats(of, ids)))),
    ...inParts(views.includes('users') ? [...users] : [], USERS_AT_ONCE).map(
      (ids) => async () => add(await lookAgain(() => gradeUsers(of, ids))),
    ),
  ];
}

function inParts<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < all.length; from += size) parts.push(all.slice(from, from + size));
  return parts;
}
