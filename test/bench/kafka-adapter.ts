import { randomBytes } from 'node:crypto';
import type { Message } from 'kafkajs';
import type { Link, Placed } from '../../events/backplane.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { connectKafka, type KafkaConnection } from '../../infra/kafka/connection.ts';
import { createKafkaGroup } from '../../infra/kafka/group.ts';
import { toMessage } from '../../infra/kafka/record.ts';
import { createTopics } from '../../infra/kafka/topics.ts';
import { createKafkaWriter } from '../../infra/kafka/writer.ts';
import { createChains } from '../../projections/relay/chains.ts';
import { serversFromEnvironment } from '../support/fresh-stores.ts';
import { MESSAGE_TEXT } from './message-text.ts';
import { type PairResult, pairs, type Verdict } from './pairs.ts';

const PARTITIONS = 8;
const CHATS = 400;
/** In each half of a pair, in writes of so many, as the relay makes them. */
const EVENTS = 8_000;
const WRITE_EVENTS = 1_000;
/** What kafkajs is quickest with, by hand: it groups a request's messages in quadratic time. */
const BY_HAND_RECORDS = 100;
const PAIRS = 7;
const PAIRS_SAME = 3;
const TARGET = 0.8;

interface Side {
  /** Writes them, and resolves when a consumer has had all of them as events. */
  carry(placed: readonly Placed[]): Promise<void>;
  close(): Promise<void>;
}

/** Records per second through the writer and a group ÷ those of a loop by hand, on topics alike of one broker. */
export async function benchKafkaAdapter(
  brokers: readonly string[] = serversFromEnvironment().kafka.brokers,
): Promise<Verdict[]> {
  const connection = connectKafka({ brokers, clientId: 'bench', logger: { debug: ignore, warn: ignore } });
  const prefix = `hindsight_bench_${randomBytes(6).toString('hex')}`;
  const topics = ['product', 'same', 'bare'].map((name) => `${prefix}.${name}`) as [string, string, string];
  await createTopics(
    connection,
    topics.map((topic) => ({ topic, partitions: PARTITIONS, retentionMs: 3_600_000 })),
  );
  const sides = {
    product: await createProduct(connection, topics[0]),
    same: await createByHand(connection, topics[1], { toMessage: (placed) => toMessage(placed).message, read: header }),
    bare: await createByHand(connection, topics[2], { toMessage: bareMessage, read: whole }),
  };
  try {
    for (const side of Object.values(sides)) await rate(side); // connections, groups and compilers
    const bare = await pairs(
      PAIRS,
      () => rate(sides.bare),
      () => rate(sides.product),
    );
    const same = await pairs(
      PAIRS_SAME,
      () => rate(sides.same),
      () => rate(sides.product),
    );
    return [verdict(bare, same)];
  } finally {
    for (const side of Object.values(sides)) await side.close();
    await connection.ask('drop', (admin) => admin.deleteTopics({ topics }));
    await connection.close();
  }
}

function verdict(bare: PairResult, same: PairResult): Verdict {
  const shown = ({ baseline, product, ratio }: PairResult) => ({
    ratio: Number(ratio.toFixed(2)),
    byHand: baseline.map(Math.round),
    adapter: product.map(Math.round),
  });
  return {
    bench: 'kafka-adapter',
    what: `events/s through writer and group ÷ a kafkajs loop by hand, ${BY_HAND_RECORDS} per sendBatch and no headers`,
    ratio: bare.ratio,
    target: { is: 'at least', value: TARGET },
    details: { ...shown(bare), whereItsRecordsAreTheSame: shown(same) },
  };
}

let written = 0;
async function rate(side: Side): Promise<number> {
  const placed = createChains(PARTITIONS, written).place(events(written, EVENTS));
  written += EVENTS;
  const begin = performance.now();
  await side.carry(placed);
  return (EVENTS / (performance.now() - begin)) * 1_000;
}

const events = (first: number, count: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    eventId: `00000000-0000-4000-8000-${String(first + i).padStart(12, '0')}`,
    type: 'MessageSent',
    stream: `chat-01HZZZZZZZN${String((i * 7) % CHATS).padStart(15, '0')}`,
    revision: first + i,
    position: first + i + 1,
    recordedAt: 1_732_000_000_000 + i,
    data: JSON.stringify({
      messageId: '01JD0000000000000000000000',
      number: i,
      text: { enc: 'plain', text: MESSAGE_TEXT },
    }),
    metadata: METADATA,
  }));
const METADATA = JSON.stringify({
  v: 1,
  actor: '01JD0000000000000000000001',
  at: 1_732_000_000_000,
  commandId: '01JD0000000000000000000002',
  correlationId: '01JD0000000000000000000003',
});

/** Counts down what is still to come. */
function createArrival() {
  let missing = 0;
  let arrived: () => void = ignore;
  return {
    expect: (count: number): Promise<void> => {
      missing = count;
      return new Promise((resolve) => {
        arrived = resolve;
      });
    },
    got(count: number): void {
      missing -= count;
      if (missing === 0) arrived();
    },
  };
}

async function createProduct(connection: KafkaConnection, topic: string): Promise<Side> {
  const writer = createKafkaWriter(connection, { topic, partitions: PARTITIONS });
  const group = createKafkaGroup(connection, { topic, groupId: topic });
  const arrival = createArrival();
  const run = group.run({ take: async (_, links) => arrival.got(links.length), lost: ignore });
  return {
    async carry(placed) {
      const all = arrival.expect(placed.length);
      for (let i = 0; i < placed.length; i += WRITE_EVENTS) await writer.write(placed.slice(i, i + WRITE_EVENTS));
      await all;
    },
    async close() {
      await group.close();
      await run;
      await writer.close();
    },
  };
}

interface ByHand {
  toMessage(placed: Placed): Message;
  read(message: { value: Buffer | null; headers?: object }): unknown;
}

async function createByHand(
  { kafka }: KafkaConnection,
  topic: string,
  { toMessage: message, read }: ByHand,
): Promise<Side> {
  const producer = kafka.producer({ createPartitioner: () => (args) => args.message.partition ?? 0 });
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  const arrival = createArrival();
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: PARTITIONS,
    async eachBatch({ batch }) {
      for (const one of batch.messages) read(one);
      arrival.got(batch.messages.length);
    },
  });
  return {
    async carry(placed) {
      const all = arrival.expect(placed.length);
      for (let i = 0; i < placed.length; i += BY_HAND_RECORDS) {
        const messages = placed.slice(i, i + BY_HAND_RECORDS).map(message);
        await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
      }
      await all;
    },
    async close() {
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
}

/** As short as it gets: one JSON text, no header, and no more than the event. */
function bareMessage({ partition, link }: Placed): Message {
  const { data, metadata, stream, ...rest } = (link as Link & { event: RecordedEvent }).event;
  const value = `{"data":${data},"metadata":${metadata},${JSON.stringify({ ...rest, stream }).slice(1)}`;
  return { partition, key: partitionKeyOf(stream), value };
}

const whole: ByHand['read'] = ({ value }) => JSON.parse(String(value));
/** By hand one would look at the headers that are needed and parse the rest. */
const header: ByHand['read'] = ({ value, headers }) => [
  JSON.parse(String(value)),
  String((headers as Record<string, Buffer>)['id']),
  String((headers as Record<string, Buffer>)['link']),
];

function ignore(): void {
  // nothing to tell
}
