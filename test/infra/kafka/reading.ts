import type { Link } from '../../../events/backplane.ts';
import { fromMessage } from '../../../infra/kafka/record.ts';
import { openKafka } from './world.ts';

/** Everything that lies in a partition, as it lies there. */
export async function readAll(topic: string, partition: number): Promise<{ key: string; link: Link | null }[]> {
  const connection = openKafka();
  const ends = await connection.ask('ends', (admin) => admin.fetchTopicOffsets(topic));
  const end = Number(ends.find((one) => one.partition === partition)?.high);
  const found: { key: string; link: Link | null }[] = [];
  const consumer = connection.kafka.consumer({ groupId: `${topic}.reading.${Math.random()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    if (end === 0) resolve();
    consumer
      .run({
        async eachBatch({ batch }) {
          if (batch.partition !== partition) return;
          for (const { key, value, headers } of batch.messages) {
            const link = headers?.['link'] ? fromMessage({ value, headers }) : null;
            found.push({ key: String(key), link });
          }
          if (Number(batch.lastOffset()) + 1 >= end) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  await connection.close();
  return found;
}

/** What a reader makes of links by the port's rule; a gap is where it would have had to read the log. */
export function follow(links: readonly Link[]): { taken: number[]; gaps: number; repeats: number } {
  const taken: number[] = [];
  let [held, gaps, repeats] = [0, 0, 0];
  for (const { after, position, event } of links) {
    if (position <= held) {
      repeats++;
      continue;
    }
    if (after > held) gaps++;
    if (event) taken.push(position);
    held = position;
  }
  return { taken, gaps, repeats };
}
