import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaMessage, Message } from 'kafkajs';
import * as z from 'zod';
import { slotOf } from '../../events/partition.ts';
import { SIGNAL_MAX_AGE_MS, type Signal, type Signals } from '../../gateway/signals/port.ts';
import type { KafkaConnection } from './connection.ts';
import { createRecordTail } from './record-tail.ts';
import { createSender, type Sender } from './sender.ts';

/** What waits while brokers are slow or away. More is dropped: it would be stale before it came. */
export const SIGNALS_WAITING_MAX = 5_000;
const REQUEST_SIGNALS_MAX = 500;
const AFTER_FAILURE_MS = 200;

export interface KafkaSignals extends Signals {
  /** Replaces the slots whose signals are received. Resolves when all that is sent from now on will be. */
  follow(slots: readonly number[]): Promise<void>;
  /** Receives until it is closed. Rejects where it cannot go on. */
  run(): Promise<void>;
  /** Signals that were given up, on this side: no room, too late, not writable, not readable. */
  dropped(): number;
  close(): Promise<void>;
}

export interface SignalsOptions {
  topic: string;
  slots: number;
  groupPrefix: string;
  /** Milliseconds since 1970. */
  clock: () => number;
}

export function createKafkaSignals(connection: KafkaConnection, options: SignalsOptions): KafkaSignals {
  const { slots, clock } = options;
  const tail = createRecordTail(connection, options);
  const counter = { dropped: 0 };
  const sender = createSender(connection, { topic: options.topic, acks: 1 });
  const outgoing = createOutgoing(sender, clock, (signals, why) => {
    counter.dropped += signals;
    if (why)
      connection.logger.debug(
        { signals, error: why instanceof Error ? why.message : 'unknown' },
        'kafka: signals were dropped',
      );
  });
  const listeners = new Set<(slot: number, signal: Signal) => void>();

  return {
    slots,
    slotOf: (userId) => slotOf(userId, slots),
    send(slot, signal) {
      outgoing.add({ partition: slot, value: JSON.stringify(signal), timestamp: String(clock()) });
    },
    receive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow: tail.follow,
    run: () =>
      tail.run((slot, messages) => {
        for (const message of messages) {
          const signal = signalOf(message, clock());
          if (!signal) counter.dropped++;
          else for (const listener of listeners) listener(slot, signal);
        }
      }),
    dropped: () => counter.dropped,
    async close() {
      await Promise.all([tail.close(), outgoing.close()]);
    },
  };
}

type Outgoing = Message & { timestamp: string };

function createOutgoing(sender: Sender, clock: () => number, drop: (signals: number, why?: unknown) => void) {
  let waiting: Outgoing[] = [];
  let flushing: Promise<void> | null = null;
  let closed = false;

  function dropLate(): void {
    const kept = waiting.filter(({ timestamp }) => clock() - Number(timestamp) <= SIGNAL_MAX_AGE_MS);
    drop(waiting.length - kept.length);
    waiting = kept;
  }

  async function flush(): Promise<void> {
    await Promise.resolve(); // what is told in one turn goes together
    while (waiting.length > 0) {
      const messages = waiting.splice(0, REQUEST_SIGNALS_MAX);
      try {
        await sender.send(messages);
      } catch (error) {
        drop(messages.length, error); // told and forgotten
        if (!closed) await pause(AFTER_FAILURE_MS);
        dropLate();
      }
      if (closed) break;
    }
    flushing = null;
  }

  return {
    add(message: Outgoing): void {
      if (waiting.length >= SIGNALS_WAITING_MAX) dropLate();
      if (closed || waiting.length >= SIGNALS_WAITING_MAX) drop(1);
      else {
        waiting.push(message);
        flushing ??= flush();
      }
    },
    async close(): Promise<void> {
      closed = true;
      await flushing;
      await sender.close();
    },
  };
}

const Ids = z.array(z.string()).readonly();
const SignalRecord: z.ZodType<Signal> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('typing'), chatId: z.string(), userId: z.string(), to: Ids }),
  z.object({ kind: z.literal('presence-watch'), replySlot: z.int(), userIds: Ids }),
  z.object({ kind: z.literal('presence'), userId: z.string(), online: z.boolean() }),
  z.object({ kind: z.literal('repaired'), chatId: z.string() }),
]);

/** Null where it is none, or no longer worth anything. */
function signalOf({ value, timestamp }: KafkaMessage, now: number): Signal | null {
  if (value === null || now - Number(timestamp) > SIGNAL_MAX_AGE_MS) return null;
  try {
    return SignalRecord.parse(JSON.parse(value.toString()));
  } catch {
    return null; // counted by its caller
  }
}
