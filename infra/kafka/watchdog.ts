import type { KafkaConnection } from './connection.ts';
import { KafkaError } from './errors.ts';

/** A consumer fetches ten times a second even where there is nothing; so long without a fetch is looked into. */
const SILENT_MS = 30_000;
const LOOK_EVERY_MS = 5_000;
/** So many looks in a row find that the broker answers and the consumer does not move. */
const LOOKS = 2;

export interface Watchdog {
  alive(): void;
  stop(): void;
}

export interface Watched {
  topic: string;
  groupId: string;
  fail(error: Error): void;
  silentMs?: number;
  lookEveryMs?: number;
}

/**
 * kafkajs consumers are known to stop without a word after a rebalance or an idle time. One that is silent while its
 * broker answers is failed, which ends the process; one whose broker is away is left to its own attempts.
 */
export function watch(connection: KafkaConnection, watched: Watched): Watchdog {
  const { topic, groupId, fail, silentMs = SILENT_MS, lookEveryMs = LOOK_EVERY_MS } = watched;
  let seenAt = performance.now();
  let suspicious = 0;
  let looking = false;

  async function look(): Promise<void> {
    if (performance.now() - seenAt < silentMs) {
      suspicious = 0;
      return;
    }
    if (looking) return;
    looking = true;
    try {
      await connection.ask(`${topic} does not answer`, (admin) => admin.fetchTopicOffsets(topic));
      suspicious++;
    } catch (error) {
      suspicious = 0;
      connection.logger.warn({ topic, groupId, error: String(error) }, 'kafka: nothing is read, brokers do not answer');
    } finally {
      looking = false;
    }
    if (suspicious >= LOOKS && performance.now() - seenAt >= silentMs) {
      fail(new KafkaError('stalled', `${topic}: nothing was fetched for ${silentMs} ms while the broker answers`));
    }
  }

  const timer = setInterval(() => void look(), lookEveryMs).unref();
  return {
    alive() {
      seenAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}
