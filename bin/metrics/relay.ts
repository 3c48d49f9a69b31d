import { Counter, type Registry } from 'prom-client';
import type { RelayReport, RelayState } from '../../projections/index.ts';
import { type Lag, type LagDeps, lagBehind } from '../../projections/lag.ts';
import { askedOnce, gauge, type Reading } from './declare.ts';

type Ground = RelayState['faults'][number]['ground'];
const GROUNDS: readonly Ground[] = ['log', 'backplane', 'checkpoint'];

/** Counts what the relay reports. */
export function countRelayReports(registry: Registry): (report: RelayReport) => void {
  const counts = (name: string, help: string): Counter => new Counter({ name, help, registers: [registry] });
  const terms = counts('hindsight_relay_terms_total', 'How often this process became the active relay.');
  const lost = counts('hindsight_relay_terms_lost_total', 'How often another relay took over from this one.');
  const faults = new Counter({
    name: 'hindsight_relay_faults_total',
    help: 'Faults of the relay, by what failed: log, backplane or checkpoint; it tries again.',
    labelNames: ['ground'],
    registers: [registry],
  });
  return (report) => {
    if (report.kind === 'active') terms.inc();
    else if (report.kind === 'stale') lost.inc();
    else if (report.kind === 'fault') faults.inc({ ground: report.ground });
  };
}

/** Of a relay in standby only that it is one: the active one tells the rest. */
export function exposeRelayMetrics(
  registry: Registry,
  { relay, ...source }: LagDeps & { relay: { state(): RelayState } },
): void {
  const lag = askedOnce(async (): Promise<Lag[]> => {
    const { position } = relay.state();
    return position === null ? [] : [await lagBehind(source, position)];
  });
  const show = (name: string, help: string, read: () => Reading[] | Promise<Reading[]>): void =>
    gauge(registry, { name, help }, read);
  const lags = async (of: (lag: Lag) => number): Promise<Reading[]> =>
    (await lag().catch(() => [])).map((l) => [of(l)]);
  show('hindsight_relay_active', 'Whether this process is the active relay: 1, or 0 in standby.', () => [
    [relay.state().active ? 1 : 0],
  ]);
  show('hindsight_relay_position', 'The log position through which everything is on the backplane.', () => {
    const { position } = relay.state();
    return position === null ? [] : [[position]];
  });
  show('hindsight_relay_lag_events', 'Events that are not on the backplane yet.', () => lags(({ events }) => events));
  show('hindsight_relay_lag_seconds', 'How old the oldest event is that is not on the backplane yet.', () =>
    lags(({ seconds }) => seconds),
  );
  const standing = { name: 'hindsight_relay_faulty', help: 'Whether the relay is failing now, by what fails: 1 or 0.' };
  gauge(registry, { ...standing, labels: ['ground'] }, () => {
    const faults = new Set(relay.state().faults.map(({ ground }) => ground));
    return GROUNDS.map((ground): Reading => [faults.has(ground) ? 1 : 0, ground]);
  });
}
