import type { KafkaConnection } from './connection.ts';
import { KafkaError } from './errors.ts';

/** A consumer fetches ten times a second even where there is nothing. */
const SILENT_MS = 30_000;
const LOOK_EVERY_MS = 5_000;

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
 * kafkajs consumers are known to stop without a word after a rebalance or an idle time. One that is silent for so long
 * while its brokers answer is failed; one whose brokers are away is left to its own attempts, and has that time again
 * once they are back.
 */
export function watch(connection: KafkaConnection, watched: Watched): Watchdog {
  const { topic, groupId, fail, silentMs = SILENT_MS, lookEveryMs = LOOK_EVERY_MS } = watched;
  let seenAt = performance.now();
  let lookedAt = seenAt;
  let looking = false;
  let stopped = false;

  async function look(): Promise<void> {
    const now = performance.now();
    // This process itself stood still: nothing can have been fetched.
    if (now - lookedAt > silentMs / 2) seenAt = now;
    lookedAt = now;
    if (looking || now - seenAt < lookEveryMs) return;
    looking = true;
    try {
      await connection.ask(`${topic} does not answer`, (admin) => admin.fetchTopicOffsets(topic));
      if (!stopped && performance.now() - seenAt >= silentMs) {
        fail(new KafkaError('stalled', `${topic}: nothing was fetched for ${silentMs} ms while the broker answers`));
      }
    } catch (error) {
      seenAt = performance.now();
      connection.logger.warn({ topic, groupId, error: String(error) }, 'kafka: nothing is read, brokers do not answer');
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(() => void look(), lookEveryMs).unref();
  return {
    alive() {
      seenAt = performance.now();
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}
