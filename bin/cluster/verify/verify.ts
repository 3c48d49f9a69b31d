import { isDeepStrictEqual } from 'node:util';
import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { partitionOf } from '../../../events/partition.ts';
import { chatOf, receiptsOf, userStream } from '../../../events/streams.ts';
import { allPartitions, type StoredPartition } from '../../../infra/cassandra/stored-rows.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import type { Told } from '../../../projections/generations/driver.ts';
import { createWorkMeter } from '../../../projections/generations/meter.ts';
import type { ComparedSoFar, Comparison, LiveGenerations, Target } from '../../../projections/generations/ports.ts';
import type { Parking } from '../../../projections/parking/ports.ts';
import { type Checkpoints, groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';
import { isSampled } from '../../../projections/sample.ts';
import type { GenerationStores } from '../generations/stores.ts';
import { createTotal, lookAgain } from './graded.ts';
import { gradeHistory } from './history.ts';
import { type GradeLimits, gradeInOrder, notYet, type Part } from './in-order.ts';
import { apartFrom, type Outside, readOutside } from './outside.ts';
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
  readonly limits?: GradeLimits;
  readonly signal: AbortSignal;
  /** What an earlier run has told. */
  readonly before: ComparedSoFar | null;
  tell(told: Told): void;
}

/** Whose rows are read in one go. */
const CHATS_AT_ONCE = 20;
const USERS_AT_ONCE = 200;
const UNLIMITED: GradeLimits = { eventsPerSecond: null, share: null };
/** Finding out what the log is about is so much of the work. */
const SURVEY_SHARE = 0.1;
/** How often it is told what another run would not have to compare. */
const TELL_COMPARED_EVERY_MS = 5_000;

export const generationsOf = (targets: readonly Target[]): Partial<LiveGenerations> =>
  Object.fromEntries(targets.map(({ group, generation }) => [group, generation]));

/**
 * Compares every row of views with what the log says, each chat with its own streams, while both go on: what is told of
 * is different, and not late. `sample`: the same chats each time. Goes on behind what an earlier run has compared.
 */
export async function verifyViews(
  deps: VerifyDeps,
  asked: VerifyAsked,
  { tellEveryMs = TELL_COMPARED_EVERY_MS, clock = systemClock } = {},
): Promise<Comparison> {
  const { generations, views, sample, limits = UNLIMITED, signal, tell } = asked;
  const before = isDeepStrictEqual(asked.before?.generations, generations) ? asked.before : null;
  const total = createTotal(before);
  const subjects = await survey(deps, asked);
  const outside = await readOutside(deps);
  const parts: Part[] = [];
  const history = generations['chat-history'];
  if (history !== undefined && views.includes('chat-history')) {
    parts.push(...(await historyParts(deps, { generation: history, subjects, outside, before })));
  }
  const userChats = generations['user-chats'];
  if (userChats !== undefined && views.some((view) => view !== 'chat-history')) {
    parts.push(...(await viewsParts(deps, { generation: userChats, subjects, outside, before, views })));
  }
  const all = parts.reduce((sum, { weight }) => sum + weight, 0);
  const meter = createWorkMeter(clock);
  let toldAt = clock();
  tell(meter(SURVEY_SHARE));
  await gradeInOrder(parts, {
    signal,
    limits,
    went: (done) => tell(meter(SURVEY_SHARE + (1 - SURVEY_SHARE) * (done / all))),
    take({ kind, through }, graded) {
      total.add(graded);
      if (clock() - toldAt < tellEveryMs) return;
      toldAt = clock();
      tell({ compared: { generations, kind, through, ...total.compared() } });
    },
  });
  return { ...total.compared(), sample, ...apartFrom(outside, asked) };
}

/** What a log is about, as far as it is in the sample, and how many events it has of each. */
interface Subjects {
  readonly chats: Map<ChatId, number>;
  readonly users: Map<UserId, number>;
  inSample(id: string): boolean;
}

async function survey({ log }: VerifyDeps, { sample, signal, tell }: VerifyAsked): Promise<Subjects> {
  const inSample = (id: string): boolean => isSampled(id, sample);
  const subjects: Subjects = { chats: new Map(), users: new Map(), inSample };
  const head = await log.head();
  for await (const page of pagesOfLog(log, { until: head })) {
    signal.throwIfAborted();
    for (const { stream } of page) hear(subjects, stream);
    tell({ progress: SURVEY_SHARE * ((page.at(-1)?.position ?? head) / head) });
  }
  return subjects;
}

const USER_STREAM = userStream('');

function hear({ chats, users, inSample }: Subjects, stream: string): void {
  if (stream.startsWith(USER_STREAM)) {
    const userId = stream.slice(USER_STREAM.length);
    if (inSample(userId)) users.set(userId, 1 + (users.get(userId) ?? 0));
    return;
  }
  const chatId = chatOf(stream) ?? receiptsOf(stream)?.chatId ?? null;
  if (chatId !== null && inSample(chatId)) chats.set(chatId, 1 + (chats.get(chatId) ?? 0));
}

interface Grading {
  readonly generation: number;
  readonly subjects: Subjects;
  readonly outside: Outside;
  readonly before: ComparedSoFar | null;
}

async function historyParts(deps: VerifyDeps, { generation, subjects, outside, before }: Grading): Promise<Part[]> {
  const { log, stores } = deps;
  const cassandra = stores.cassandra(generation);
  const places = new Map<ChatId, StoredPartition[]>([...subjects.chats.keys()].map((chatId) => [chatId, []]));
  for await (const partition of allPartitions(cassandra)) {
    const chatId = String(partition.values[0]);
    if (!subjects.inSample(chatId)) continue;
    const known = places.get(chatId);
    if (known) known.push(partition);
    else places.set(chatId, [partition]); // in no log, or as new as that
  }
  const of = { group: 'chat-history', generation } as const;
  return notYet('histories', places.keys(), before).map((chatId) => {
    const partitions = places.get(chatId) ?? [];
    const committed = async () => outside.held(of, chatId, await committedOf(deps, of, chatId));
    return {
      kind: 'histories',
      through: chatId,
      weight: weightOf(subjects.chats, [chatId]),
      grade: (went) => gradeHistory({ log, cassandra, chatId, partitions, committed, leftOut: outside.leftOut, went }),
    };
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

async function viewsParts(
  deps: VerifyDeps,
  { generation, subjects, outside, before, views }: Grading & { views: readonly string[] },
): Promise<Part[]> {
  const { log, stores, partitions } = deps;
  const postgres = stores.postgres(generation);
  const of = { log, postgres, generation, partitions, views, outside };
  const found = await subjectsIn(postgres);
  const chats = new Set([...subjects.chats.keys(), ...found.chats.filter(subjects.inSample)]);
  const users = new Set([...subjects.users.keys(), ...found.users.filter(subjects.inSample)]);
  const ofChats = views.some((view) => view === 'user-chats' || view === 'members');
  const ofUsers = views.includes('users');
  return [
    ...inParts(ofChats ? notYet('chats', chats, before) : [], CHATS_AT_ONCE).map((ids): Part => {
      const grade = () => lookAgain(() => gradeChats(of, ids));
      return { kind: 'chats', through: ids.at(-1) ?? '', weight: weightOf(subjects.chats, ids), grade };
    }),
    ...inParts(ofUsers ? notYet('users', users, before) : [], USERS_AT_ONCE).map((ids): Part => {
      const grade = () => lookAgain(() => gradeUsers(of, ids));
      return { kind: 'users', through: ids.at(-1) ?? '', weight: weightOf(subjects.users, ids), grade };
    }),
  ];
}

/** One that no event is of is work too. */
const weightOf = (events: ReadonlyMap<string, number>, ids: readonly string[]): number =>
  ids.reduce((sum, id) => sum + 1 + (events.get(id) ?? 0), 0);

function inParts<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < all.length; from += size) parts.push(all.slice(from, from + size));
  return parts;
}
