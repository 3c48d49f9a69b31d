import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { measureRequests } from '../../gateway/http/metrics.ts';
import type { HttpOptions } from '../../gateway/http/options.ts';
import { createCounters } from '../../gateway/ws/counters.ts';
import { SDK_PACKAGES } from '../../infra/telemetry/start.ts';
import { createWriterMetrics } from '../metrics/backplane.ts';
import { countReconnects, measureStore } from '../metrics/event-store.ts';
import { exposeGatewayMetrics, exposeSlotMetrics } from '../metrics/gateway.ts';
import { countPartitionReports, exposeParkedChats, exposePartitionLag } from '../metrics/partitions.ts';
import { countUnknownEvents, exposeProjectionMetrics } from '../metrics/projections.ts';
import { countRelayReports, exposeRelayMetrics } from '../metrics/relay.ts';
import { heading, row } from './markdown.ts';

interface Section {
  title: string;
  /** Which process shows them. */
  where: string;
  register(registry: Registry): void;
}

const noLog = { log: { head: async () => 0, readAll: async () => [] }, clock: () => 0 };
const idleRelay = { active: false, term: null, position: null, checkpoint: null, lagMs: null, faults: [] };

/** Each as the composition registers it, over sources that say nothing. */
const SECTIONS: Section[] = [
  {
    title: 'HTTP',
    where: 'Role `http`, and an embedded server.',
    register: (metrics) =>
      measureRequests({ addHook: () => undefined } as unknown as FastifyInstance, { metrics } as HttpOptions),
  },
  {
    title: 'Sockets and pushes',
    where: 'Role `gateway`, and an embedded server.',
    register(registry) {
      exposeGatewayMetrics(
        registry,
        createCounters(() => 0),
      );
      exposeSlotMetrics(registry, { owned: () => 0, misses: () => 0, dropped: () => 0 });
    },
  },
  {
    title: 'Event store',
    where: 'Wherever commands are decided: roles `http` and `gateway`, and an embedded server.',
    register(registry) {
      measureStore(registry, {} as never);
      countReconnects(registry);
    },
  },
  {
    title: 'Views',
    where:
      'Roles `http` and `gateway`, each for the whole cluster, and an embedded server. In a cluster `deliveries` count as a view.',
    register: (registry) => exposeProjectionMetrics(registry, { admin: { list: async () => [] } }),
  },
  {
    title: 'Unknown events',
    where: 'Role `projector`, and an embedded server.',
    register: (registry) => void countUnknownEvents(registry),
  },
  {
    title: 'Partitions',
    where: 'Roles `projector` and `deliveries`: each process shows the partitions that it has claimed.',
    register(registry) {
      countPartitionReports(registry);
      exposePartitionLag(registry, { ...noLog, partitions: 1, sources: () => [] });
    },
  },
  {
    title: 'Parked chats',
    where:
      'Roles `projector` and `deliveries`, each for the whole cluster, and an embedded server, whose groups are its views.',
    register: (registry) => exposeParkedChats(registry, { parking: { list: async () => [] }, groups: [] }),
  },
  {
    title: 'Relay',
    where: 'Role `relay`.',
    register(registry) {
      countRelayReports(registry);
      exposeRelayMetrics(registry, { ...noLog, relay: { state: () => idleRelay } });
    },
  },
  {
    title: 'Kafka',
    where: 'Roles `relay` (topic `events`) and `deliveries` (topic `deliveries`).',
    register: (registry) => void createWriterMetrics(registry),
  },
];

interface Registered {
  name: string;
  help: string;
  type: string;
  labelNames: string[];
}

const ALARMS: [when: string, query: string][] = [
  ['nobody relays', 'sum(hindsight_relay_active) == 0 or absent(hindsight_relay_active)'],
  ['the relay is behind', 'max(hindsight_relay_lag_seconds) > 5'],
  [
    'a view is behind',
    'max by (group) (hindsight_partition_lag_seconds) > 30 or max(hindsight_projection_lag_seconds) > 30',
  ],
  [
    'nobody projects or delivers',
    ['chat-history', 'user-chats', 'deliveries']
      .map((group) => `absent(hindsight_partition_lag_seconds{group="${group}"})`)
      .join(' or '),
  ],
  ['partitions are of nobody', 'count by (group) (hindsight_partition_lag_seconds) < 8 # the number of partitions'],
  ['the views cannot be asked', 'max(hindsight_projections_up) == 0 or absent(hindsight_projections_up)'],
  ['a chat is parked', 'max by (group) (hindsight_parked_chats) > 0'],
  ['slots are of nobody', 'sum(hindsight_slots_owned) < 16 or absent(hindsight_slots_owned) # 16: the number of slots'],
  [
    'appends are slow',
    'histogram_quantile(0.99, sum by (le) (rate(hindsight_append_duration_seconds_bucket[5m]))) > 0.25',
  ],
  [
    'appends fail',
    'sum by (result) (rate(hindsight_append_duration_seconds_count{result!~"appended|conflict"}[5m])) > 0',
  ],
  ['pushes are slow', 'histogram_quantile(0.99, sum by (le) (rate(hindsight_push_latency_seconds_bucket[5m]))) > 1'],
  ['clients cannot keep up', 'sum(rate(hindsight_ws_resyncs_total{reason="slow"}[5m])) > 1'],
  ['links are lost on the way', 'sum by (group) (rate(hindsight_partition_gaps_healed_total[5m])) > 0'],
];

const SPANS: [name: string, what: string][] = [
  ['`POST /v1/chats/:chatId/messages`, …', 'A request to the API, by route. Goes on with the header `traceparent`.'],
  ['`op send`, …', 'An op of a socket. Goes on with the field `traceparent` of the frame.'],
  ['`command send`, …', 'A command. `hindsight.rejection` says with which code it was refused.'],
  ['`append`', 'The append of what commands came to, and how many events went together.'],
  ['`send events`', 'The relay’s write to Kafka.'],
  ['`process chat-history`, `process user-chats`, `process deliveries`', 'A consumer group takes in a batch.'],
  ['`send deliveries`', 'The write to the slots of the recipients.'],
  ['`push`', 'A gateway hands the event to its sockets.'],
];

export function metricsPage(): string {
  const packages = Object.entries(SDK_PACKAGES).map(([name, version]) => `${name}@${version}`);
  return [
    heading('Metrics and traces', 'bin/metrics and infra/telemetry'),
    'Every process answers `/metrics` for Prometheus: an embedded server on its HTTP port, a process of a cluster on its ops port (`HINDSIGHT_OPS_PORT`). Times are in seconds and sizes in bytes, names of counters end with `_total`. Beside what follows there are the metrics of Node.js itself (`nodejs_…`, `process_…`). What a server would have to be asked for that does not answer at present has no value in that scrape; a lag of many events is reckoned by the first of them. No label names a chat or a user.',
    ...SECTIONS.flatMap(({ title, where, register }) => [`## ${title}`, where, table(register)]),
    '## What to be woken for',
    [row('when', 'PromQL'), row('---', '---'), ...ALARMS.map(([when, query]) => row(when, `\`${query}\``))].join('\n'),
    'How many deliveries an event leads to: `sum(rate(hindsight_backplane_links_total{topic="deliveries",carries="event"}[5m])) / sum(rate(hindsight_partition_events_total{group="deliveries"}[5m]))`. How many events go together in an append: `rate(hindsight_events_appended_total[5m]) / rate(hindsight_append_duration_seconds_count{result="appended"}[5m])`.',
    '## Traces',
    `Off unless \`HINDSIGHT_TRACES\` names a collector that takes OTLP over HTTP (Jaeger, Tempo, the OpenTelemetry collector). The packages for it are not installed with Hindsight: \`npm install ${packages.join(' ')}\`. For all else the environment variables of OpenTelemetry hold, such as \`OTEL_TRACES_SAMPLER=parentbased_traceidratio\` with \`OTEL_TRACES_SAMPLER_ARG=0.01\`; what is not sampled leaves nothing behind. The trace goes on in the metadata of the event (\`traceparent\`), so every hop is part of the trace of the request that led to it, whatever store and topics lie between; it is told to no client. Spans carry ids of chats, never words, names or texts.`,
    [row('span', 'what'), row('---', '---'), ...SPANS.map(([name, what]) => row(name, what))].join('\n'),
    'Several commands may go into one append, several events into one batch. The span of a batch belongs to the first trace in it and links to the others, and each of those has one of its own, of the same length, that links back. The views of an embedded server are built in a thread of their own, which is not traced: there only `push` follows the append.',
    'An event also says which command led to it (`commandId`), to which undertaking that belongs (`correlationId`), and to what it is an answer (`causationId`, where the client named it): over HTTP by the headers `Correlation-Id` and `Causation-Id`, on the socket by fields of these names. They are ULIDs, part of the event for ever, and seen by every reader of the chat; a trace is for operators, and gone when the collector forgets it.',
  ].join('\n\n');
}

function table(register: (registry: Registry) => void): string {
  const registry = new Registry();
  register(registry);
  const metrics = registry.getMetricsAsArray() as unknown as Registered[];
  return [
    row('metric', 'type', 'labels', 'what'),
    row('---', '---', '---', '---'),
    ...metrics.map(({ name, type, labelNames, help }) =>
      row(`\`${name}\``, type, labelNames.map((label) => `\`${label}\``).join(', '), help),
    ),
  ].join('\n');
}
