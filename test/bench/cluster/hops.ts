import type { CollectedSpan } from '../../support/collector.ts';
import { percentile } from '../pairs.ts';

/** When a client sent a message and when another had it, in milliseconds since 1970. */
export interface Journey {
  readonly traceId: string;
  readonly sentAt: number;
  readonly deliveredAt: number;
}

interface Stay {
  readonly from: number;
  readonly to: number;
}

const NANOS_PER_MS = 1_000_000n;
const MICROS_PER_MS = 1_000;
const NANOS_PER_MICRO = 1_000n;
const inMs = (nanos: string): number =>
  Number(BigInt(nanos) / NANOS_PER_MS) + Number((BigInt(nanos) % NANOS_PER_MS) / NANOS_PER_MICRO) / MICROS_PER_MS;

/** The spans of one trace that its way leads through, and what lies between them. */
const HOPS: Record<string, (spans: (name: string) => Stay | undefined, journey: Journey) => number> = {
  'to the gateway': (of, { sentAt }) => since(sentAt, of('op send')?.from),
  decide: (of) => since(of('op send')?.from, of('append')?.from),
  append: (of) => since(of('append')?.from, of('append')?.to),
  'log to relay': (of) => since(of('append')?.to, of('send events')?.from),
  'write to Kafka': (of) => since(of('send events')?.from, of('send events')?.to),
  'read from Kafka': (of) => since(of('send events')?.to, of('process deliveries')?.from),
  deliveries: (of) => since(of('process deliveries')?.from, of('send deliveries')?.from),
  'write to Kafka again': (of) => since(of('send deliveries')?.from, of('send deliveries')?.to),
  'read from Kafka again': (of) => since(of('send deliveries')?.to, of('push')?.from),
  push: (of, { deliveredAt }) => since(of('push')?.from, deliveredAt),
};

const since = (from: number | undefined, to: number | undefined): number => (to ?? Number.NaN) - (from ?? Number.NaN);

/** p50 and p99 of each hop. One may be less than nothing: a reader can have what its writer has not been answered for. */
export function hopsOf(
  journeys: readonly Journey[],
  spans: readonly CollectedSpan[],
): Record<string, { p50: number; p99: number }> {
  const traces = new Map<string, Map<string, Stay>>();
  for (const { traceId, name, startTimeUnixNano, endTimeUnixNano } of spans) {
    const trace = traces.get(traceId) ?? new Map<string, Stay>();
    traces.set(traceId, trace);
    if (!trace.has(name)) trace.set(name, { from: inMs(startTimeUnixNano), to: inMs(endTimeUnixNano) });
  }
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return Object.fromEntries(
    Object.entries(HOPS).map(([hop, length]) => {
      const all = journeys
        .map((journey) => length((name) => traces.get(journey.traceId)?.get(name), journey))
        .filter((ms) => !Number.isNaN(ms));
      return [hop, { p50: round(percentile(all, 50)), p99: round(percentile(all, 99)) }];
    }),
  );
}
