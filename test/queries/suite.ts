import { describe, expect, test } from 'vitest';
import type { ChatEvent } from '../../events/chat.ts';
import type { Outcome } from '../../events/error-codes.ts';
import type { Message, Queries, QueryDeps, VisibleEvent } from '../../queries/index.ts';
import { createQueries } from '../../queries/index.ts';
import { type GrowingChat, KINDS, startChat, userId } from '../support/random-chat.ts';
import { seeded } from '../support/seeded.ts';
import { type Oracle, oracleFor, ordered } from './oracle.ts';

/** Readers that hold all of the events. */
export type ReadersOver = (events: readonly ChatEvent[]) => Promise<{ deps: QueryDeps; close(): Promise<void> }>;

const SEED = Number(process.env['SEED'] ?? 20_260_101);
/** Thousands of reads in each test. */
const SUITE_TIMEOUT_MS = 60_000;
const USERS = [1, 2, 3, 4, 5, 6].map(userId);
const STRANGER = userId(99);

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.rejection.code}, ${outcome.rejection.detail}`);
  return outcome.value;
}
export const codeOf = (outcome: Outcome<unknown>): string => (outcome.ok ? 'ok' : outcome.rejection.code);

function grown(n: number, kinds: (typeof KINDS)[number], size: number): GrowingChat {
  const random = seeded(SEED + n);
  const chat = startChat({ ...kinds, n, users: USERS, positions: { last: 0 }, random });
  while (chat.events.length < size) chat.grow(random);
  return chat;
}

/** All pages of a walk through the messages, in one direction. */
async function walk(
  queries: Queries,
  viewer: string,
  chatId: string,
  page: { asOf: number; limit: number; forwards: boolean },
): Promise<Message[]> {
  let all: Message[] = [];
  let place: { before?: number; after?: number } = page.forwards ? { after: 0 } : {};
  for (;;) {
    const got = valueOf(
      await queries.messages(viewer, chatId, { ...place, limit: page.limit, asOf: { seq: page.asOf } }),
    );
    all = page.forwards ? [...all, ...got.messages] : [...got.messages, ...all];
    if (got.next === null) return all;
    const { asOf, ...next } = got.next;
    expect(asOf).toBe(page.asOf);
    expect(got.messages).toHaveLength(page.limit);
    place = next;
  }
}

async function pageEvents(
  queries: Queries,
  viewer: string,
  chatId: string,
  page: { after: number; limit: number },
): Promise<VisibleEvent[]> {
  const all: VisibleEvent[] = [];
  for (let after: number | null = page.after; after !== null; ) {
    const got: Awaited<ReturnType<Queries['events']>> = await queries.events(viewer, chatId, {
      after,
      limit: page.limit,
    });
    const { events, next } = valueOf(got);
    expect(events.length).toBeLessThanOrEqual(page.limit);
    all.push(...events);
    after = next;
  }
  return all;
}

interface Case {
  chat: GrowingChat;
  queries: Queries;
  viewer: string;
  oracle: Oracle;
}

async function checkPoint({ chat, queries, viewer, oracle }: Case, n: number): Promise<void> {
  const { chatId, events } = chat;
  const asOf = { seq: n };
  const pin = { seq: n, at: events[n - 1]?.at ?? null };
  const page = valueOf(await queries.messages(viewer, chatId, { limit: 200, asOf }));
  const fold = oracle.fold(n);
  expect(page.messages).toEqual(oracle.messages(n));
  expect(page).toMatchObject({ asOf: pin, title: fold.title, memberCount: fold.members.size, next: null });
  expect(valueOf(await queries.chat(viewer, chatId, asOf))).toMatchObject({
    asOf: pin,
    title: fold.title,
    memberCount: fold.members.size,
    headSeq: n,
    visibleFrom: oracle.visibleFrom,
  });
  const members = valueOf(await queries.members(viewer, chatId, { asOf, limit: 200 }));
  expect(members.members).toEqual([...fold.members.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1)));
  expect(members.asOf).toEqual(pin);
  expect(valueOf(await queries.resolve(viewer, chatId, asOf))).toEqual(pin);
  if (pin.at === null) return;
  const last = events.findLast(({ at }) => at <= (pin.at ?? ''))?.seq ?? 0;
  expect(
    valueOf(await queries.messages(viewer, chatId, { limit: 200, asOf: { time: Date.parse(pin.at) } })).messages,
  ).toEqual(oracle.messages(last));
}

async function checkMessages({ chat, queries, viewer, oracle }: Case, n: number): Promise<void> {
  for (const message of chat.view.messages.values()) {
    const shown = oracle.fold(n).messages.has(message.messageId);
    const list = await queries.reactions(viewer, chat.chatId, message.messageId, { asOf: { seq: n }, limit: 200 });
    if (!shown) {
      expect(codeOf(list)).toBe('message-not-found');
      continue;
    }
    expect(valueOf(list).reactions).toEqual(oracle.reactions(n, message.messageId));
    if (n < chat.events.length) continue;
    expect(valueOf(await queries.versions(viewer, chat.chatId, message.messageId)).versions).toEqual(
      oracle.versions(message.messageId),
    );
  }
}

async function checkMember(it: Case, size: number): Promise<void> {
  const { chat, queries, viewer, oracle } = it;
  const first = oracle.visibleFrom === 1 ? 0 : oracle.visibleFrom;
  for (let n = first; n <= size; n++) await checkPoint(it, n);
  const random = seeded(SEED + size);
  for (const n of [first, first + random.below(size - first + 1), size]) {
    await checkMessages(it, n);
    for (const forwards of [true, false]) {
      expect(await walk(queries, viewer, chat.chatId, { asOf: n, limit: 3, forwards })).toEqual(oracle.messages(n));
    }
  }
  for (const limit of [1, 4, 1_000]) {
    expect(await pageEvents(queries, viewer, chat.chatId, { after: 0, limit })).toEqual(oracle.events());
  }
  for (let i = 0; i < 25; i++) {
    const from = oracle.visibleFrom - 1 + random.below(size - oracle.visibleFrom + 2);
    const to = Math.max(first, from + random.below(size - from + 1));
    const got = valueOf(await queries.diff(viewer, chat.chatId, { seq: from }, { seq: to }));
    expect(ordered(got), `diff ${from}..${to}`).toEqual(ordered(oracle.diff(from, to)));
    expect([got.from.seq, got.to.seq]).toEqual([from, to]);
  }
  for (const before of [...new Set([0, 1, oracle.visibleFrom - 1])].filter((n) => n >= 0 && n < first)) {
    for (const outcome of [
      await queries.messages(viewer, chat.chatId, { limit: 10, asOf: { seq: before } }),
      await queries.chat(viewer, chat.chatId, { seq: before }),
      await queries.members(viewer, chat.chatId, { limit: 10, asOf: { seq: before } }),
    ]) {
      expect(codeOf(outcome), `as of ${before}`).toBe('not-visible');
    }
  }
}

async function checkOutsider({ chat, queries, viewer }: Case): Promise<void> {
  const { chatId } = chat;
  const messageId = [...chat.view.messages.keys()][0] ?? '';
  const asked = [
    queries.chat(viewer, chatId),
    queries.members(viewer, chatId, { limit: 10 }),
    queries.messages(viewer, chatId, { limit: 10 }),
    queries.messages(viewer, chatId, { limit: 10, asOf: { seq: 1 } }),
    queries.messages(viewer, chatId, { limit: 10, asOf: { seq: 1e9 } }),
    queries.versions(viewer, chatId, messageId),
    queries.reactions(viewer, chatId, messageId, { limit: 10 }),
    queries.diff(viewer, chatId, { seq: 0 }, { seq: 1 }),
    queries.events(viewer, chatId, { after: 0, limit: 10 }),
    queries.resolve(viewer, chatId, { seq: 1 }),
    queries.receipts(viewer, chatId),
  ];
  for (const outcome of await Promise.all(asked)) expect(codeOf(outcome)).toBe('chat-not-found');
  expect(valueOf(await queries.chats(viewer, { limit: 10 })).chats).toEqual([]);
}

/** Every kind of right over every kind of chat, on every path, against the naive oracle. */
export function visibilitySuite(name: string, readersOver: ReadersOver, size = 90): void {
  describe(`what a viewer sees, over ${name} (seed ${SEED})`, () => {
    for (const [i, kinds] of KINDS.entries()) {
      const title = `${kinds.kind}, ${kinds.historyVisibility}, ${kinds.pastContent}`;
      test(
        `${title}: as of every n, on every path, what the oracle folds`,
        async () => {
          const chat = grown(i + 1, kinds, size);
          const { deps, close } = await readersOver(chat.events);
          const queries = createQueries(deps);
          // Where all members see the same, two of them will do.
          const members = USERS.filter((id) => chat.view.members.has(id)).slice(
            0,
            kinds.historyVisibility === 'all' ? 2 : 6,
          );
          const outsiders = USERS.filter((id) => !chat.view.members.has(id)).slice(0, 1);
          for (const viewer of [...members, ...outsiders, STRANGER]) {
            const it = { chat, queries, viewer, oracle: oracleFor(chat.events, viewer) };
            await (chat.view.members.has(viewer) ? checkMember(it, chat.events.length) : checkOutsider(it));
          }
          await close();
        },
        SUITE_TIMEOUT_MS,
      );
    }
  });
}
