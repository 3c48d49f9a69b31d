import { COMMANDS_OPEN_MAX_BYTES } from '../../commands/chat-writer.ts';
import { LOOKUP_WAIT_MS, REST_MS, SNAPSHOT_WAIT_MS } from '../../commands/impatience.ts';
import { GATEWAYS_NAMED_MAX } from '../../gateway/http/security-headers.ts';
import { SIGNAL_MAX_AGE_MS } from '../../gateway/signals/port.ts';
import { FEED_QUEUE_EVENTS_MAX, FEED_QUEUE_UNITS_MAX } from '../../gateway/slots/slot-feed.ts';
import { READS_IN_FLIGHT_MAX, READS_WAITING_MAX, WRITES_IN_FLIGHT_MAX } from '../../infra/cassandra/connect.ts';
import { PARTITIONS_MAX, SLOTS_MAX } from '../../infra/config.ts';
import { APPENDS_MAX, APPENDS_MAX_BYTES } from '../../infra/eventstoredb/appender.ts';
import { APPEND_DEADLINE_MS } from '../../infra/eventstoredb/event-store.ts';
import { SESSION_TIMEOUT_MS } from '../../infra/kafka/consumer-life.ts';
import { LANE_BYTES_MAX, LANE_LINKS_MAX } from '../../infra/kafka/lane-buffer.ts';
import { SIGNALS_WAITING_MAX } from '../../infra/kafka/signals.ts';
import {
  BATCH_BYTES_MAX,
  DELIVERIES_RETENTION_MS,
  EVENTS_RETENTION_MS,
  SIGNALS_RETENTION_MS,
} from '../../infra/kafka/topics.ts';
import { POSTGRES_CONNECTIONS_MAX, STATEMENT_TIMEOUT_MS } from '../../infra/postgres/pool.ts';
import { FOLLOWER_LIMITS } from '../../projections/partitions/options.ts';
import { EVENT_BYTES_MAX } from '../../projections/relay/chains.ts';
import { AHEAD_EVENTS_MAX } from '../../projections/relay/intake.ts';
import { RELAY_IDLE_MS } from '../../projections/relay/relay.ts';

/** By name: the value, and what it means to whoever runs a cluster. */
export const CLUSTER: Record<string, readonly [number, string]> = {
  PARTITIONS_MAX: [
    PARTITIONS_MAX,
    'The setting `partitions` at most (8 where nothing is set): so many processes share each projector’s work.',
  ],
  SLOTS_MAX: [
    SLOTS_MAX,
    'The setting `slots` at most (16 where nothing is set): so many gateways share out the users.',
  ],
  GATEWAYS_NAMED_MAX: [GATEWAYS_NAMED_MAX, 'Gateways that the console’s content security policy names one by one.'],
  COMMANDS_OPEN_MAX_BYTES: [
    COMMANDS_OPEN_MAX_BYTES,
    'What the commands of a process hold together that wait or are being written; the next is answered `busy`.',
  ],
  APPENDS_MAX: [
    APPENDS_MAX,
    'Appends of a process that wait for the event store; the next command is answered `busy`.',
  ],
  APPENDS_MAX_BYTES: [APPENDS_MAX_BYTES, 'What these hold together; likewise.'],
  APPEND_DEADLINE_MS: [
    APPEND_DEADLINE_MS,
    'A command that the event store has not answered by then is answered `unknown` or `unavailable`.',
  ],
  SNAPSHOT_WAIT_MS: [SNAPSHOT_WAIT_MS, 'A command waits so long for a snapshot from Postgres; then the log is read.'],
  LOOKUP_WAIT_MS: [
    LOOKUP_WAIT_MS,
    'A command on an old message waits so long for Cassandra; then the log is read, as far as it is not too long.',
  ],
  REST_MS: [REST_MS, 'Whichever of these did not answer in time is not asked again for so long.'],
  EVENT_BYTES_MAX: [
    EVENT_BYTES_MAX,
    'Bytes of an event that Kafka carries; a larger one is read from the log by whoever needs it.',
  ],
  BATCH_BYTES_MAX: [BATCH_BYTES_MAX, '`max.message.bytes` of the topics.'],
  EVENTS_RETENTION_MS: [
    EVENTS_RETENTION_MS,
    'How long `events` are kept in Kafka; whoever was away longer reads the log.',
  ],
  DELIVERIES_RETENTION_MS: [DELIVERIES_RETENTION_MS, 'How long `deliveries` are.'],
  SIGNALS_RETENTION_MS: [SIGNALS_RETENTION_MS, 'How long `signals` are.'],
  RELAY_IDLE_MS: [
    RELAY_IDLE_MS,
    'A relay that was not heard of for so long is replaced; one that stops in good order, at once.',
  ],
  AHEAD_EVENTS_MAX: [AHEAD_EVENTS_MAX, 'Events that the relay reads ahead of what Kafka has acknowledged.'],
  SESSION_TIMEOUT_MS: [
    SESSION_TIMEOUT_MS,
    'A projector, or a process of `deliveries`, that was not heard of for so long loses its partitions to the others.',
  ],
  TAKE_EVENTS_MAX: [FOLLOWER_LIMITS.batchEvents, 'Events that a projector writes at once.'],
  LANE_LINKS_MAX: [
    LANE_LINKS_MAX,
    'Records of one partition that wait in a process; no more are fetched until half are gone.',
  ],
  LANE_BYTES_MAX: [LANE_BYTES_MAX, 'What these hold together; likewise.'],
  FEED_QUEUE_EVENTS_MAX: [
    FEED_QUEUE_EVENTS_MAX,
    'Events that wait in a gateway to be handed to its sockets; beyond it they are dropped, and clients are told to `sync`.',
  ],
  FEED_QUEUE_UNITS_MAX: [FEED_QUEUE_UNITS_MAX, 'UTF-16 units of these together; likewise.'],
  SIGNALS_WAITING_MAX: [
    SIGNALS_WAITING_MAX,
    'Signals (typing, presence) that wait for Kafka in a gateway; more are dropped.',
  ],
  SIGNAL_MAX_AGE_MS: [SIGNAL_MAX_AGE_MS, 'Older ones are dropped unread.'],
  POSTGRES_CONNECTIONS_MAX: [POSTGRES_CONNECTIONS_MAX, 'Connections of a process to Postgres.'],
  STATEMENT_TIMEOUT_MS: [STATEMENT_TIMEOUT_MS, 'How long a statement may run there.'],
  WRITES_IN_FLIGHT_MAX: [WRITES_IN_FLIGHT_MAX, 'Writes of a process to Cassandra at once.'],
  READS_IN_FLIGHT_MAX: [READS_IN_FLIGHT_MAX, 'Reads of a process from Cassandra at once.'],
  READS_WAITING_MAX: [READS_WAITING_MAX, 'Reads that wait behind these; the next is answered `busy`.'],
};
