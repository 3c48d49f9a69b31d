import { collectDefaultMetrics, Registry } from 'prom-client';
import { startTelemetry } from '../infra/telemetry/start.ts';
import { measureStore } from './metrics/event-store.ts';
import type { Observer } from './observer.ts';
import { VERSION } from './package-root.ts';
import type { Composition } from './server/composition.ts';

/** Opened first and closed last: what is still on its way when the rest ends is told too. */
export async function openObserver(on: Composition, attributes: Record<string, string> = {}): Promise<Observer> {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const { config, warn } = on;
  const telemetry = await startTelemetry({ traces: config.traces, version: VERSION, attributes, warn });
  on.onClose(telemetry.close);
  return { metrics, telemetry, store: (store) => telemetry.store(measureStore(metrics, store)) };
}
