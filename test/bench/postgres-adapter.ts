import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { plain } from '../../events/content.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import { migrate } from '../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres } from '../../infra/postgres/pool.ts';
import { createViewRows } from '../../infra/postgres/views/rows.ts';
import type { PartitionBatch, PartitionRows } from '../../projections/partitions/ports.ts';
import type { Projection } from '../../projections/projection.ts';
import { batchOf, projectionsOf } from '../contracts/partition-rows/feeder.ts';
import { recorded } from '../support/array-log.ts';
import { serversFromEnvironment } from '../support/fresh-stores.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { type PairResult, pairs, type Verdict } from './pairs.ts';

const SEED = 17;
const CHATS = 5_000;
const BATCH_EVENTS = 1_000;
/** In each half of a pair; every event is of another chat of the batch, so nothing of a batch coalesces. */
const BATCHES = 15;
const PAIRS = 9;
const PAIRS_READ = 3;
const TARGET = 0.8;

const chatId = (n: number): string => `01HZZZZZZZN${String(n).padStart(15, '0')}`;
const userId = (n: number): string => `01HZZZZZZZV${String(n).padStart(15, '0')}`;

/** Rows per second of a partition's rows ÷ those of the quickest loop we know by hand, into tables alike on one server. */
export async function benchPostgresAdapter(
  serverUrl: string = serversFromEnvironment().postgres.url,
): Promise<Verdict[]> {
  const database = `hindsight_bench_${randomBytes(6).toString('hex')}`;
  const server = openPostgres({ url: serverUrl, applicationName: 'bench', max: 1 });
  await server.execute(`CREATE DATABASE ${database}`);
  const url = Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href;
  try {
    await migrate({ url, applicationName: 'bench' });
    const kept = await compare(url, { kept: true, count: PAIRS });
    const read = await compare(url, { kept: false, count: PAIRS_READ });
    const shown = ({ baseline, product, ratios }: PairResult) => ({
      byHand: baseline.map(Math.round),
      adapter: product.map(Math.round),
      ratios: ratios.map((ratio) => Number(ratio.toFixed(2))),
    });
    return [
      {
        bench: 'postgres-adapter',
        what: `rows/s of user chats in Postgres, batches of ${BATCH_EVENTS} messages ÷ a loop by hand, unnest ${BATCH_EVENTS}`,
        ratio: kept.ratio,
        target: { is: 'at least', value: TARGET },
        details: { ...shown(kept), whereEveryRowIsReadFirst: { ratio: Number(read.ratio.toFixed(2)), ...shown(read) } },
      },
    ];
  } finally {
    await server.execute(`DROP DATABASE ${database} WITH (FORCE)`);
    await server.close();
  }
}

async function compare(url: string, { kept, count }: { kept: boolean; count: number }): Promise<PairResult> {
  const postgres = openPostgres({ url, applicationName: 'bench' });
  await postgres.execute('TRUNCATE checkpoints, user_chats_chats, user_chats_memberships, members_spans');
  const product = await createProduct(postgres, kept);
  const byHand = await createByHand(url, postgres);
  const rate = async ({ batch, prepare }: Side): Promise<number> => {
    prepare?.(BATCHES);
    const begin = performance.now();
    let rows = 0;
    for (let n = 0; n < BATCHES; n++) rows += await batch();
    return (rows / (performance.now() - begin)) * 1_000;
  };
  for (const side of [byHand, product]) await rate(side); // prepared statements, caches and compilers
  const result = await pairs(
    count,
    () => rate(byHand),
    () => rate(product),
  );
  await byHand.close();
  await postgres.close();
  return result;
}

interface Side {
  /** Answers how many rows it has written. */
  batch(): Promise<number>;
  /** Whatever is none of its work: decoded events, to begin with. */
  prepare?(batches: number): void;
}

/** What a projector does with a batch, from decoded events to the commit. */
async function createProduct(postgres: Postgres, kept: boolean): Promise<Side> {
  const random = seeded(SEED);
  const checkpoints = createCheckpoints(postgres);
  await checkpoints.prepare('user-chats', 1);
  const claim = await checkpoints.claim('user-chats', 0, 'bench');
  const rows = createViewRows(postgres, kept ? {} : { keptMax: 0 });
  const projections = projectionsOf(rows);
  const heads = new Map<number, number>();
  const batches: PartitionBatch[] = [];
  let position = 0;
  const feed = async (events: readonly RecordedEvent[]) => {
    const batch = batchOf(events);
    await fold(rows, projections, batch);
    await rows.commit({ claim, from: position, to: position + 1 });
    position++;
  };
  for (let n = 0; n < CHATS; n += BATCH_EVENTS) {
    await feed(Array.from({ length: BATCH_EVENTS }, (_, i) => startedChat(n + i)));
    for (let i = 0; i < BATCH_EVENTS; i++) heads.set(n + i, 1);
  }
  return {
    async batch() {
      const batch = batches.shift();
      if (!batch) throw new Error('there are no more batches');
      await fold(rows, projections, batch);
      await rows.commit({ claim, from: position, to: position + 1 });
      position++;
      return 2 * batch.events.length; // the chat's row and the sender's
    },
    prepare(count) {
      batches.push(...Array.from({ length: count }, () => batchOf(messages(random, heads))));
    },
  };
}

async function fold(rows: PartitionRows, projections: Projection[], batch: PartitionBatch): Promise<void> {
  await rows.load(batch);
  for (const input of batch.inputs) {
    for (const { categories, apply } of projections) if (categories.includes(input.category)) apply(input);
  }
  for (const { flush } of projections) flush();
}

function startedChat(n: number): RecordedEvent {
  const members = [userId(n), userId(n + 1)].map((id) => ({ userId: id, role: 'member' }));
  const data = { kind: 'direct', historyVisibility: 'all', pastContent: 'then', members };
  return recorded(
    chatStream(chatId(n)),
    { position: n + 1, revision: 0, actor: userId(n) },
    { type: 'ChatStarted', data },
  );
}

function messages(random: Seeded, heads: Map<number, number>): RecordedEvent[] {
  const first = random.below(CHATS);
  return Array.from({ length: BATCH_EVENTS }, (_, i) => {
    const n = (first + i * 7) % CHATS;
    const revision = heads.get(n) ?? 1;
    heads.set(n, revision + 1);
    const data = { messageId: chatId(revision), number: revision, text: plain('hello'), mentions: [] };
    const of = { position: 10_000 * revision + i, revision, actor: userId(n + random.below(2)) };
    return recorded(chatStream(chatId(n)), of, { type: 'MessageSent', data });
  });
}

const HAND_TABLES = `
  CREATE TABLE hand_chats (LIKE user_chats_chats INCLUDING ALL) WITH (fillfactor = 70);
  CREATE TABLE hand_memberships (LIKE user_chats_memberships INCLUDING ALL) WITH (fillfactor = 70);
  CREATE TABLE hand_checkpoint (position bigint);
  INSERT INTO hand_chats SELECT * FROM user_chats_chats;
  INSERT INTO hand_memberships SELECT * FROM user_chats_memberships;
  INSERT INTO hand_checkpoint VALUES (0)`;
const HAND_CHATS = `INSERT INTO hand_chats AS c
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::text[], $11::text[])
  ON CONFLICT (chat_id) DO UPDATE SET head_seq = excluded.head_seq, head_position = excluded.head_position,
    order_position = excluded.order_position, last_message_seq = excluded.last_message_seq,
    message_count = excluded.message_count
  WHERE c.head_seq < excluded.head_seq`;
const HAND_MEMBERSHIPS = `INSERT INTO hand_memberships AS m
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
  ON CONFLICT (user_id, chat_id) DO UPDATE SET read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq
  WHERE m.read_seq < excluded.read_seq`;

/** The loop to beat: one connection, pipelined, prepared, a thousand rows a statement, nothing waited for on disk. */
async function createByHand(url: string, postgres: Postgres): Promise<Side & { close(): Promise<void> }> {
  for (const statement of ['hand_chats', 'hand_memberships', 'hand_checkpoint']) {
    await postgres.execute(`DROP TABLE IF EXISTS ${statement}`);
  }
  for (const statement of HAND_TABLES.split(';')) await postgres.execute(statement);
  const random = seeded(SEED);
  const client = new pg.Client({ connectionString: url, pipeline: true });
  await client.connect();
  await client.query('SET synchronous_commit = off');
  let seq = 1;
  const list = (of: (n: number) => string | number): string => {
    const items: string[] = [];
    for (let i = 0; i < BATCH_EVENTS; i++) items.push(String(of(i)));
    return `{${items.join(',')}}`;
  };
  return {
    async batch() {
      const first = random.below(CHATS);
      const chat = (i: number): number => (first + i * 7) % CHATS;
      const at = ++seq;
      const ids = list((i) => chatId(chat(i)));
      const seqs = list(() => at);
      await Promise.all([
        client.query('BEGIN'),
        client.query('UPDATE hand_checkpoint SET position = position + 1'),
        client.query({
          name: 'chats',
          text: HAND_CHATS,
          values: [
            ids,
            list(() => 'direct'),
            list(() => 'NULL'),
            list(() => 2),
            seqs,
            list((i) => 10_000 * at + i),
            list((i) => 10_000 * at + i),
            seqs,
            seqs,
            list(() => 'all'),
            list(() => 'then'),
          ],
        }),
        client.query({
          name: 'memberships',
          text: HAND_MEMBERSHIPS,
          values: [
            list((i) => userId(chat(i) + (i % 2))),
            ids,
            list(() => 'member'),
            list(() => '"[[1,null]]"'),
            seqs,
            seqs,
          ],
        }),
        client.query('COMMIT'),
      ]);
      return 2 * BATCH_EVENTS;
    },
    close: () => client.end(),
  };
}
