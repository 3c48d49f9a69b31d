import type { Registry } from 'prom-client';
import type { EventStore } from '../events/event-store.ts';
import { type Telemetry, untraced } from '../infra/telemetry/telemetry.ts';

/** What is put around the ports of a process: what is measured always, what is traced where that is asked for. */
export interface Observer {
  readonly metrics: Registry;
  readonly telemetry: Telemetry;
  /** The store that commands append to. Once for a process. */
  store<S extends EventStore>(store: S): S;
}

/** For verbs of the command line, which nobody watches. */
export const unobserved: Pick<Observer, 'telemetry' | 'store'> = { telemetry: untraced, store: (store) => store };
