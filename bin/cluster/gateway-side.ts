import type { GatewayLogger } from '../../gateway/context.ts';
import type { Signals } from '../../gateway/signals/port.ts';
import { GATEWAY_DEAD_AFTER_MS } from '../../gateway/slots/limits.ts';
import { createOwnership, type Ownership } from '../../gateway/slots/ownership.ts';
import type { Slots } from '../../gateway/slots/ports.ts';
import { createSlotFeed, type SlotFeed } from '../../gateway/slots/slot-feed.ts';
import type { Config } from '../../infra/config.ts';
import type { KafkaConnection } from '../../infra/kafka/connection.ts';
import { createKafkaSignals } from '../../infra/kafka/signals.ts';
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
  readonly signals: Signals;
  /** Begun once the gateway listens; closed before it. */
  readonly ownership: Ownership;
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
  const ownership = createOwnership({
    leases: createSlotLeases(postgres, { slots: config.slots, deadAfterMs: GATEWAY_DEAD_AFTER_MS }),
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
  return { feed, slots: ownership, signals, ownership };
}
