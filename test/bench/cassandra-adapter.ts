import { randomBytes } from 'node:crypto';
import driver from 'cassandra-driver';
import { plain } from '../../events/content.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { createHistoryRows } from '../../infra/cassandra/chat-history/rows.ts';
import { connectCassandra } from '../../infra/cassandra/connect.ts';
import { migrate } from '../../infra/cassandra/migrations/migrate.ts';
import type { PartitionBatch } from '../../projections/partitions/ports.ts';
import { batchOf, projectionsOf } from '../contracts/partition-rows/feeder.ts';
import { recorded } from '../support/array-log.ts';
import { type Servers, serversFromEnvironment } from '../support/fresh-stores.ts';
import { memoryCheckpoints } from '../support/memory/checkpoints.ts';
import { type PairResult, pairs, type Verdict } from './pairs.ts';

const CHATS = 20;
const BATCH_EVENTS = 2_000;
/** In each half of a pair. */
const BATCHES = 8;
/** A projector has several, and while one waits for the end of its commit the others write. */
const PARTITIONS = 4;
const PAIRS = 5;
const PAIRS_ALONE = 2;
const TARGET = 0.8;
/** By hand: rows of one partition in a batch, and batches on their way. */
const HAND_ROWS = 100;
const HAND_IN_FLIGHT = 128;
/** Of a message: the send, the event itself, the id. */
const ROWS_PER_MESSAGE = 3;

const chatId = (n: number): string => `01HZZZZZZZN${String(n).padStart(15, '0')}`;
const messageId = (n: number): string => `01HZZZZZZZM${String(n).padStart(15, '0')}`;
const USER = '01HZZZZZZZV000000000000001';
const TEXT = 'the quick brown fox jumps over the lazy dog, and nobody minds';

/** Rows per second of a partition's rows ÷ those of the quickest loop we know by hand, into the same tables of one server. */
export async function benchCassandraAdapter(servers: Servers = serversFromEnvironment()): Promise<Verdict[]> {
  const { contactPoints, port, localDataCenter } = servers.cassandra;
  const keyspace = `hindsight_bench_${randomBytes(6).toString('hex')}`;
  const place = { contactPoints: contactPoints.map((host) => `${host}:${port}`), localDataCenter, keyspace };
  const cassandra = await connectCassandra(place);
  const client = new driver.Client({ ...place, protocolOptions: { port } });
  try {
    await migrate(cassandra, { owner: 'bench' });
    await client.connect();
    const partitions = await Promise.all(Array.from({ length: PARTITIONS }, (_, n) => createProduct(cassandra, n)));
    const byHand = createByHand(client);
    for (const sides of [[byHand], partitions, [byHand], partitions]) await rate(sides); // prepared statements, compilers
    const several = await pairs(
      PAIRS,
      () => rate([byHand]),
      () => rate(partitions),
    );
    const alone = await pairs(
      PAIRS_ALONE,
      () => rate([byHand]),
      () => rate(partitions.slice(0, 1)),
    );
    return [verdictOf(several, alone)];
  } finally {
    await client.shutdown();
    await cassandra.define(`DROP KEYSPACE ${keyspace}`);
    await cassandra.close();
  }
}

/** Side by side, each one batch after the other. */
async function rate(sides: readonly Side[]): Promise<number> {
  const prepared = sides.map((side) => side.prepare(BATCHES / sides.length));
  const begin = performance.now();
  let rows = 0;
  const run = async (batches: readonly (() => Promise<number>)[]) => {
    for (const batch of batches) {
      const written = await batch();
      rows += written;
    }
  };
  await Promise.all(prepared.map(run));
  return (rows / (performance.now() - begin)) * 1_000;
}

const verdictOf = (several: PairResult, alone: PairResult): Verdict => ({
  bench: 'cassandra-adapter',
  what: `rows/s of chat history and chat log in Cassandra, ${PARTITIONS} partitions, batches of ${BATCH_EVENTS} messages in ${CHATS} chats ÷ a loop by hand, unlogged batches of ${HAND_ROWS}, ${HAND_IN_FLIGHT} in flight`,
  ratio: several.ratio,
  target: { is: 'at least', value: TARGET },
  details: { ...shown(several), onePartitionAlone: { ratio: Number(alone.ratio.toFixed(2)), ...shown(alone) } },
});

const shown = ({ ratios, baseline, product }: PairResult) => ({
  byHand: baseline.map(Math.round),
  adapter: product.map(Math.round),
  ratios: ratios.map((each) => Number(each.toFixed(2))),
});

interface Side {
  /** Whatever is none of its work. Each call then answers how many rows it has written. */
  prepare(batches: number): (() => Promise<number>)[];
}

/** What a projector does with a batch, from decoded events to the commit. */
async function createProduct(cassandra: Cassandra, partition: number): Promise<Side> {
  const checkpoints = memoryCheckpoints();
  await checkpoints.prepare('chat-history', partition + 1);
  const claim = await checkpoints.claim('chat-history', partition, 'bench');
  const rows = createHistoryRows({ cassandra, checkpoints });
  const [projection] = projectionsOf(rows);
  if (!projection) throw new Error('chat history has a projection');
  let last = 0;
  let position = 0;
  const fold = async (batch: PartitionBatch): Promise<number> => {
    await rows.load(batch);
    for (const input of batch.inputs) projection.apply(input);
    projection.flush();
    await rows.commit({ claim, from: position, to: position + 1 });
    position += 1;
    return ROWS_PER_MESSAGE * batch.events.length;
  };
  return {
    prepare: (batches) =>
      Array.from({ length: batches }, () => {
        const batch = batchOf(messages(last, partition * CHATS));
        last += BATCH_EVENTS;
        return () => fold(batch);
      }),
  };
}

/** The next messages of all chats, in turn. */
const messages = (last: number, firstChat: number): RecordedEvent[] =>
  Array.from({ length: BATCH_EVENTS }, (_, n) => {
    const revision = Math.floor((last + n) / CHATS);
    const data = { messageId: messageId(last + n), number: revision + 1, text: plain(TEXT) };
    const event = recorded(
      chatStream(chatId(firstChat + (n % CHATS))),
      { position: last + n + 1, revision, actor: USER },
      { type: 'MessageSent', data },
    );
    // The id of the command that sends a message is that of the message.
    const metadata = { ...(JSON.parse(event.metadata) as object), commandId: data.messageId };
    return { ...event, metadata: JSON.stringify(metadata) };
  });

const HAND_SENT = `INSERT INTO chat_history (chat, bucket, message_seq, rev, seq, at, actor, body, number, message_id)
  VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const HAND_EVENT = `INSERT INTO chat_log (chat, bucket, seq, type, data, metadata, event_id, position, recorded_at, at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const HAND_ID = 'INSERT INTO chat_history_ids (chat, day, id, seq, message) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?';

/** The loop to beat: nothing is known, nothing is checked, and only full batches of one partition go out. */
function createByHand(client: driver.Client): Side {
  let last = 0;
  const options = {
    prepare: true,
    logged: false,
    isIdempotent: true,
    consistency: driver.types.consistencies.localQuorum,
  };
  const batchesOf = (events: readonly RecordedEvent[]) => {
    const all: { query: string; params: unknown[] }[][] = [];
    for (let from = 0; from < events.length; from += HAND_ROWS) {
      const some = events.slice(from, from + HAND_ROWS);
      const chat = `by hand ${chatId(Math.floor(from / (BATCH_EVENTS / CHATS)))}`;
      const of = (values: (event: RecordedEvent, seq: number) => unknown[], query: string) =>
        some.map((event) => ({ query, params: values(event, event.position) }));
      all.push(
        of((e, seq) => [chat, 0, seq, seq, e.recordedAt, USER, TEXT, seq, messageId(seq), seq], HAND_SENT),
        of(
          (e, seq) => [
            chat,
            0,
            seq,
            e.type,
            e.data,
            e.metadata,
            e.eventId,
            e.position,
            e.recordedAt,
            e.recordedAt,
            seq,
          ],
          HAND_EVENT,
        ),
        of((_, seq) => [chat, 0, messageId(seq), seq, true, seq], HAND_ID),
      );
    }
    return all;
  };
  return {
    prepare: (count) => {
      const events = Array.from({ length: count }, () => {
        const some = messages(last, 0);
        last += BATCH_EVENTS;
        return some;
      }).flat();
      const write = async (): Promise<number> => {
        const all = batchesOf(events);
        let next = 0;
        const lane = async () => {
          for (let batch = all[next++]; batch; batch = all[next++]) await client.batch(batch, options);
        };
        await Promise.all(Array.from({ length: HAND_IN_FLIGHT }, lane));
        return ROWS_PER_MESSAGE * events.length;
      };
      return [write];
    },
  };
}
