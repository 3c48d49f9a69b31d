import { Counter, type Registry } from 'prom-client';
import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import { askedOnce, byName, counter, gauge, type Reading } from './declare.ts';

export interface ProjectionSource {
  admin: Pick<ProjectionAdmin, 'list'>;
  /** Events of types that are not known, by type; left out where they are counted elsewhere. */
  unknown?(): Promise<Record<string, number>>;
}

interface Said {
  up: 0 | 1;
  lagEvents: Reading[];
  lagSeconds: Reading[];
  unknown: Reading[];
}

/** That is the news; why is in the log. */
const SILENT: Said = { up: 0, lagEvents: [], lagSeconds: [], unknown: [] };

/** What the views say of themselves, asked once for all metrics of a scrape; `up` is 0 while they cannot answer. */
export function exposeProjectionMetrics(registry: Registry, { admin, unknown }: ProjectionSource): void {
  const ask = askedOnce(async (): Promise<Said> => {
    const [views, types] = await Promise.all([admin.list(), unknown?.() ?? {}]);
    return {
      up: 1,
      lagEvents: views.map(({ name, lagEvents }) => [lagEvents, name]),
      lagSeconds: views.map(({ name, lagSeconds }) => [lagSeconds, name]),
      unknown: byName(types),
    };
  });
  const said = (of: (all: Said) => Iterable<Reading>) => async () => of(await ask().catch(() => SILENT));
  const up = { name: 'hindsight_projections_up', help: 'Whether the projections answer: 1 or 0.' };
  gauge(
    registry,
    up,
    said((all) => [[all.up]]),
  );
  const labels = ['projection'];
  const events = { name: 'hindsight_projection_lag_events', help: 'Events that a view does not hold yet.', labels };
  gauge(
    registry,
    events,
    said((all) => all.lagEvents),
  );
  const help = 'How old the oldest event is that a view does not hold yet.';
  gauge(
    registry,
    { name: 'hindsight_projection_lag_seconds', help, labels },
    said((all) => all.lagSeconds),
  );
  if (unknown)
    counter(
      registry,
      UNKNOWN,
      said((all) => all.unknown),
    );
}

const UNKNOWN = {
  name: 'hindsight_events_unknown_total',
  help: 'Events of a type that this version does not know: kept, not projected.',
  labels: ['type'],
};

/** Counts them where the projectors report each. */
export function countUnknownEvents(registry: Registry): (event: { type: string }) => void {
  const { name, help, labels } = UNKNOWN;
  const unknown = new Counter({ name, help, labelNames: labels, registers: [registry] });
  return ({ type }) => unknown.inc({ type });
}
