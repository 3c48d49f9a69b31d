import { Counter, Gauge, type Registry } from 'prom-client';
import { withDeadline } from '../../infra/system/deadline.ts';

/** A metric whose value is read when `/metrics` is asked for: what is counted costs an addition until then. */
export interface Told {
  name: string;
  help: string;
  /** What the values are told apart by; without it there is one. */
  labels?: readonly string[];
}

/** A value, and the values of its labels in their order. */
export type Reading = readonly [value: number, ...labels: string[]];
type Read = () => Iterable<Reading> | Promise<Iterable<Reading>>;

/** What goes up and down. A label that is not read any more is not shown any more. */
export const gauge = (registry: Registry, told: Told, read: Read): void =>
  declare(registry, told, { make: (config) => new Gauge(config), read });

/** What only grows; its name ends with `_total`. */
export const counter = (registry: Registry, told: Told, read: Read): void =>
  declare(registry, told, { make: (config) => new Counter(config), read });

interface Config {
  name: string;
  help: string;
  labelNames: string[];
  registers: Registry[];
  collect(this: Gauge | Counter): Promise<void>;
}

function declare(
  registry: Registry,
  { name, help, labels = [] }: Told,
  { make, read }: { make: (config: Config) => unknown; read: Read },
): void {
  make({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const readings = [...(await read())];
      this.reset();
      if (readings.length === 0 && labels.length === 0) this.remove({}); // else it would show a zero that nobody has read
      for (const [value, ...values] of readings) {
        if (labels.length === 0) this.inc(value);
        else this.inc(Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ''])), value);
      }
    },
  });
}

/** The readings of counts by name. */
export const byName = (counts: Readonly<Record<string, number>>): Reading[] =>
  Object.entries(counts).map(([name, count]) => [count, name]);

/** Whoever scrapes wants what is known at once, above all while a server is slow; what it was asked has no value then. */
const SCRAPE_WAIT_MS = 3_000;

/** One question for all metrics of a scrape, and none beside it until it is answered. Rejects where that takes long. */
export function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return withDeadline(asked, SCRAPE_WAIT_MS, () => new Error('not answered in time for the scrape'));
  };
}
