import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayLogger } from '../../gateway/context.ts';
import type { Signals } from '../../gateway/signals/port.ts';
import { BEAT_MS, GATEWAY_DEAD_AFTER_MS } from '../../gateway/slots/limits.ts';
import { createOwnership, type Ownership } from '../../gateway/slots/ownership.ts';
import type { SlotLeases, Slots } from '../../gateway/slots/ports.ts';
import { preferredOwner } from '../../gateway/slots/rendezvous.ts';
import { createSlotFeed, type SlotFeed } from '../../gateway/slots/slot-feed.ts';
import type { Config } from '../../infra/config.ts';
import type { KafkaConnection } from '../../infra/kafka/connection.ts';
import { createKafkaSignals, type KafkaSignals } from '../../infra/kafka/signals.ts';
import { createKafkaTail } from '../../infra/kafka/tail.ts';
import type { TopicNames } from '../../infra/kafka/topics.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { createSlotLeases } from '../../infra/postgres/slot-leases.ts';
import { systemClock } from '../../infra/system/clock.ts';

export interface GatewaySideDeps {
  config: Pick<Config, 'slots' | 'partitions' | 'kafkaPrefix'>;
  processId: string;
  epoch: string;
  postgres: Postgres;
  kafka: KafkaConnection;
  topics: TopicNames;
  logger: GatewayLogger;
  onClose(end: () => unknown): void;
  onFatal(error: Error): void;
}

/** What a gateway of a cluster needs besides what every edge has. */
export interface GatewaySide {
  readonly feed: SlotFeed;
  readonly slots: Slots;
  readonly signals: Signals & Pick<KafkaSignals, 'dropped'>;
  /** Begun once the gateway listens; closed before it. */
  readonly ownership: Ownership;
  /** Resolves true once this gateway has the slots that are its own, false after `withinMs`. */
  settled(withinMs: number): Promise<boolean>;
}

export function openGatewaySide(deps: GatewaySideDeps): GatewaySide {
  const { config, processId, epoch, postgres, kafka, topics, logger, onClose, onFatal } = deps;
  const tail = createKafkaTail(kafka, {
    topic: topics.deliveries,
    groupPrefix: `${config.kafkaPrefix}.gateway.${processId}`,
  });
  const feed = createSlotFeed({ epoch, tail, sources: config.partitions });
  onClose(feed.close);
  const signals = createKafkaSignals(kafka, {
    topic: topics.signals,
    slots: config.slots,
    groupPrefix: `${config.kafkaPrefix}.signals.${processId}`,
    clock: systemClock,
  });
  const receiving = signals.run();
  receiving.catch(onFatal);
  onClose(async () => {
    await signals.close();
    await receiving;
  });
  const leases = createSlotLeases(postgres, { slots: config.slots, deadAfterMs: GATEWAY_DEAD_AFTER_MS });
  const ownership = createOwnership({
    leases,
    gatewayId: processId,
    slots: config.slots,
    feed: {
      open: feed.open,
      onOpen: feed.onOpen,
      async follow(followed) {
        await Promise.all([feed.follow(followed), signals.follow(followed)]);
      },
    },
    logger,
    onFatal,
  });
  return {
    feed,
    slots: ownership,
    signals,
    ownership,
    settled: (withinMs) => settled(() => hasItsOwn(leases, processId), withinMs),
  };
}

/** Whether this gateway has every slot that is its own among those that are alive. */
async function hasItsOwn(leases: SlotLeases, processId: string): Promise<boolean> {
  const { gateways, slots } = await leases.table();
  const own = slots.filter(({ slot }) => preferredOwner(slot, gateways) === processId);
  return gateways.some(({ id }) => id === processId) && own.every(({ owner }) => owner === processId);
}

async function settled(look: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > until) return false;
    await pause(BEAT_MS);
  }
  return true;
}
