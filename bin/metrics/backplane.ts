import { Counter, Histogram, type Registry } from 'prom-client';
import type { TopicWriter } from '../../events/backplane.ts';

const WRITE_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type MeasureWriter = (writer: TopicWriter, topic: string) => TopicWriter;

/** Measures what is written to topics, told apart by the name that is given, such as `events` or `deliveries`. */
export function createWriterMetrics(registry: Registry): MeasureWriter {
  const duration = new Histogram({
    name: 'hindsight_backplane_write_duration_seconds',
    help: 'Writes to Kafka until all in-sync replicas have them, the wait for the write before included.',
    labelNames: ['topic'],
    buckets: WRITE_SECONDS,
    registers: [registry],
  });
  const failures = new Counter({
    name: 'hindsight_backplane_write_failures_total',
    help: 'Writes to Kafka that failed; they are made again.',
    labelNames: ['topic'],
    registers: [registry],
  });
  const links = new Counter({
    name: 'hindsight_backplane_links_total',
    help: 'Links written, by what they carry: an event, or only how far the rest has come (a watermark).',
    labelNames: ['topic', 'carries'],
    registers: [registry],
  });
  return (writer, topic) => ({
    partitions: writer.partitions,
    close: () => writer.close(),
    async write(placed) {
      const began = performance.now();
      try {
        await writer.write(placed);
      } catch (error) {
        failures.inc({ topic });
        throw error;
      }
      duration.observe({ topic }, (performance.now() - began) / 1_000);
      const events = placed.reduce((count, { link }) => (link.event === null ? count : count + 1), 0);
      links.inc({ topic, carries: 'event' }, events);
      links.inc({ topic, carries: 'watermark' }, placed.length - events);
    },
  });
}
