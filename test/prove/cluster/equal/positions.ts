import type { EventLog, LogPosition, RecordedEvent } from '../../../../events/event-store.ts';
import { ensure } from '../../part.ts';
import { patiently } from '../patiently.ts';

const PAGE_EVENTS = 500;

/** The same events lie at other positions in the log of a cluster: which is which. */
export interface Positions {
  inCluster(embedded: LogPosition): LogPosition;
  inEmbedded(cluster: LogPosition): LogPosition;
  readonly events: number;
}

export async function positionsOf({
  embedded,
  cluster,
}: {
  embedded: EventLog;
  cluster: EventLog;
}): Promise<Positions> {
  const places = new Map<string, LogPosition>();
  for await (const { stream, revision, position } of everything(embedded))
    places.set(`${stream} ${revision}`, position);
  const there = new Map<LogPosition, LogPosition>();
  const back = new Map<LogPosition, LogPosition>();
  for await (const { stream, revision, position } of everything(cluster)) {
    const from = places.get(`${stream} ${revision}`);
    ensure(from !== undefined, `${stream} revision ${revision} is not in the embedded log`);
    there.set(from, position);
    back.set(position, from);
  }
  ensure(there.size === places.size, `${places.size} events embedded, ${there.size} in the cluster`);
  return { inCluster: (p) => known(there, p), inEmbedded: (p) => known(back, p), events: places.size };
}

function known(map: ReadonlyMap<LogPosition, LogPosition>, position: LogPosition): LogPosition {
  const found = map.get(position);
  ensure(found !== undefined, `no event lies at ${position}`);
  return found;
}

export async function* everything(log: EventLog): AsyncGenerator<RecordedEvent> {
  const until = await log.head();
  for (let after = 0; after < until; ) {
    const from = after;
    const page = await patiently(() => log.readAll({ after: from, until, limit: PAGE_EVENTS }));
    yield* page;
    after = page.at(-1)?.position ?? until;
  }
}
