import { describe, expect, it, vi } from 'vitest';
import { type Cassandra, type Params, readAll } from '../../../infra/cassandra/cassandra.ts';
import { chatHistoryReader } from '../../../infra/cassandra/chat-history/reader.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { emptyViews, VIEW_TABLES } from '../../../infra/cassandra/empty.ts';
import { messageLookup } from '../../../infra/cassandra/message-lookup/lookup.ts';
import { intOf } from '../../../infra/cassandra/row.ts';
import { FOLD_EVERY } from '../../../queries/chat-history/view.ts';
import { feeder } from '../../contracts/partition-rows/feeder.ts';
import { hotMessage } from '../../support/hot-message.ts';
import { randomLog } from '../../support/random-log.ts';
import { seeded } from '../../support/seeded.ts';
import { feedLog } from './feed.ts';
import { useKeyspace } from './keyspace.ts';
import { lovedMessage } from './loved-message.ts';

const SEED = 61;
const keyspace = useKeyspace();
const log = randomLog({ seed: SEED, events: 300 });
const hot = hotMessage({ changes: 3 * FOLD_EVERY, seed: SEED });

/** What is not part of a key, to ask when it was written. */
const VALUE_OF: Readonly<Record<string, string>> = {
  chat_heads: 'seq',
  chat_history: 'seq',
  chat_history_deletions: 'seq',
  chat_history_overflow: 'seq',
  chat_history_folds: 'seq',
  chat_history_fold_seqs: 'rev',
  chat_history_texts: 'seq',
  chat_history_reactors: 'rev',
  chat_history_ids: 'message',
  chat_log: 'data',
};

describe('what is written', () => {
  it('carries the seq of its event as its timestamp, in every table', async () => {
    const space = keyspace.space();
    await feedLog(
      space.cassandra,
      [...log.events, ...hot.events.map((event) => ({ ...event, position: event.position + 10_000 }))],
      seeded(SEED),
    );
    let looked = 0;
    for (const table of VIEW_TABLES) {
      const value = VALUE_OF[table];
      if (value === undefined) continue;
      const rows = await readAll(keyspace.cassandra, `SELECT seq, WRITETIME(${value}) AS written FROM ${table}`, []);
      for (const row of rows) expect(intOf(row, 'written')).toBe(intOf(row, 'seq'));
      looked += rows.length;
    }
    expect(looked).toBeGreaterThan(log.events.length);
  });

  it('never says of a value that there is none, which would be a tombstone', async () => {
    const bound: Params[] = [];
    const { cassandra } = keyspace.space();
    const watched: Cassandra = {
      ...cassandra,
      write(rows) {
        bound.push(...rows.map(({ params }) => params));
        return cassandra.write(rows);
      },
    };
    await feedLog(watched, log.events, seeded(SEED));
    expect(bound.length).toBeGreaterThan(0);
    expect(bound.flat().filter((value) => value === null)).toEqual([]);
  });

  it('does not depend on the clock of whoever writes: it may be set back by an hour', async () => {
    const space = keyspace.space();
    const before = Date.now();
    await feedLog(space.cassandra, log.events.slice(0, 150), seeded(SEED));
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => before - 3_600_000);
    await feedLog(space.cassandra, log.events, seeded(SEED)).finally(() => clock.mockRestore());
    const reader = chatHistoryReader(space.cassandra);
    for (const { chatId, events, view } of log.chats) {
      expect(await reader.head(chatId)).toBe(events.length);
      for (const { seq, rev } of view.messages.values()) {
        const [facts] = await reader.messages(chatId, [seq], events.length);
        expect(facts?.changes.at(-1)?.rev ?? 1).toBe(rev);
      }
    }
  });
});

describe('what the server will not hold', () => {
  it('is refused as such, and not asked for again', async () => {
    const { cassandra } = keyspace.space();
    const rows = createHistoryRows({ cassandra, checkpoints: { move: async () => undefined } });
    const by = feeder(rows, { group: 'chat-history', partition: 0, term: 1, generation: 0, position: 0 });
    const [first, ...others] = hot.events;
    if (!first) throw new Error('a chat begins with an event');
    const fat = { ...first, data: first.data.replace('{', `{"new":"${'x'.repeat(6 * 2 ** 20)}",`) };
    await expect(by.feed([fat])).rejects.toMatchObject({ code: 'refused-rows', temporary: false });
    by.reset();
    await by.feed([first, ...others]);
    expect(await chatHistoryReader(cassandra).head(hot.chat.chatId)).toBe(hot.events.length);
  });
});

describe('a message that was reacted to for long', () => {
  it('does not stand between a reader and the messages around it', async () => {
    const { cassandra } = keyspace.space();
    const { chatId, events, seqs } = lovedMessage(17_000);
    await feedLog(cassandra, events, seeded(SEED), 1_000);
    let reads = 0;
    const counted = chatHistoryReader({
      ...cassandra,
      read(...asked) {
        reads += 1;
        return cassandra.read(...asked);
      },
    });
    const through = events.length;
    const seqsOf = async (page: { limit: number; before?: number; after?: number }) =>
      (await counted.page(chatId, { through, ...page })).map(({ sent }) => sent.seq);
    expect(await seqsOf({ limit: 3 })).toEqual(seqs);
    expect(await seqsOf({ limit: 2, before: through })).toEqual(seqs.slice(0, 2));
    expect(await seqsOf({ limit: 2, after: seqs[0] ?? 0 })).toEqual(seqs.slice(1));
    expect(await counted.numberThrough(chatId, through - 1)).toBe(2);
    expect(reads).toBeLessThan(30);
  });
});

describe('tables that are emptied', () => {
  it.each([0, 10])(
    'are filled again whole, though the head of somebody of before comes after %i events',
    async (known) => {
      const { cassandra, dump } = keyspace.space();
      const { events, chat } = hot;
      const move = async () => undefined;
      const writer = (on: Cassandra, generation: number) => {
        const claim = { group: 'chat-history', partition: 0, term: 1, generation, position: 0 } as const;
        return feeder(createHistoryRows({ cassandra: on, checkpoints: { move }, generation }), claim);
      };
      const other = keyspace.space();
      await writer(other.cassandra, 0).feed(events);
      const truth = await other.dump();
      // Stopped between its rows and its heads, as a process may be for longer than it takes to empty the tables.
      let stop: () => void = () => undefined;
      let go: () => void = () => undefined;
      const stopped = new Promise<void>((resolve) => (stop = resolve));
      const woken = new Promise<void>((resolve) => (go = resolve));
      const sleepy: Cassandra = {
        ...cassandra,
        async write(rows) {
          if (rows.some(({ query }) => query.includes('chat_heads'))) {
            stop();
            await woken;
          }
          await cassandra.write(rows);
        },
      };
      const writing = writer(sleepy, 0).feed(events);
      await stopped;
      await emptyViews(keyspace.cassandra, { settleMs: 0 });
      if (known > 0) await writer(cassandra, 1).feed(events.slice(0, known));
      go();
      await writing;
      if (known > 0) expect(await chatHistoryReader(cassandra).head(chat.chatId)).toBe(known);
      await writer(cassandra, 1).feed(events);
      expect(await dump()).toEqual(truth);
    },
  );

  it('know nothing, and are filled again by whoever was reset', async () => {
    const { cassandra, dump } = keyspace.space();
    await feedLog(cassandra, log.events, seeded(SEED));
    const filled = await dump();
    await emptyViews(keyspace.cassandra, { settleMs: 0 });
    const [chat] = log.chats;
    const chatId = chat?.chatId ?? '';
    const ids = chat?.events.map(({ commandId }) => commandId) ?? [];
    expect(await messageLookup(cassandra).find({ chatId, ids, reactions: [] })).toEqual({
      throughSeq: 0,
      found: new Map(),
    });
    await feedLog(cassandra, log.events, seeded(SEED));
    expect(await dump()).toEqual(filled);
  });

  it('are not taken for ones in which an id is not found', async () => {
    const { cassandra } = keyspace.space();
    await feedLog(cassandra, log.events, seeded(SEED));
    const [chat] = log.chats;
    let emptied = false;
    const lookup = messageLookup({
      ...cassandra,
      async read(query, ...asked) {
        if (!query.includes('chat_heads') && !emptied) {
          emptied = true;
          await emptyViews(keyspace.cassandra, { settleMs: 0 });
        }
        return cassandra.read(query, ...asked);
      },
    });
    const ids = chat?.events.map(({ commandId }) => commandId) ?? [];
    const answer = await lookup.find({ chatId: chat?.chatId ?? '', ids, reactions: [] });
    expect(emptied).toBe(true);
    expect(answer.throughSeq).toBe(0);
  });
});
