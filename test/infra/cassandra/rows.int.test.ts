import { describe, expect, it, vi } from 'vitest';
import { type Cassandra, type Params, readAll } from '../../../infra/cassandra/cassandra.ts';
import { chatHistoryReader } from '../../../infra/cassandra/chat-history/reader.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { intOf } from '../../../infra/cassandra/row.ts';
import { VIEW_TABLES } from '../../../infra/cassandra/stored-rows.ts';
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
    for (const { name: table } of VIEW_TABLES) {
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
    const by = feeder(rows, { group: 'chat-history', partition: 0, term: 1, era: 0, position: 0 });
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
