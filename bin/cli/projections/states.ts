import { isDeepStrictEqual } from 'node:util';
import type { ProjectionAdmin, ProjectionState } from '../../../gateway/http/ops/port.ts';
import { print, table } from '../io.ts';
import type { VerbContext } from '../verb.ts';
import { valueOf } from '../with-log.ts';
import { withProjections } from './admin.ts';
import { ALL, namesOf } from './names.ts';

export interface Shown {
  json?: boolean;
  reason?: string;
}

const PERCENT = 100;

export async function list(context: VerbContext, options: Shown): Promise<void> {
  const projections = await withProjections(context, {}, ({ admin }) => admin.list());
  print(context.io, options, { json: { projections }, text: statesTable(projections) });
}

/** Those that answer how the view then is, on each view that the name stands for. */
export async function move(
  context: VerbContext,
  { action, name }: { action: 'pause' | 'resume' | 'rollback' | 'drop'; name: string },
  options: Shown,
): Promise<void> {
  const states = await withProjections(context, options, async ({ admin }) => {
    const done: ProjectionState[] = [];
    const before = await admin.list();
    for (const view of await namesOf(admin, name)) {
      done.push((await movedAlong(admin, view, before)) ?? valueOf(await admin[action](view)));
    }
    return done;
  });
  print(context.io, options, { json: name === ALL ? { projections: states } : states[0], text: statesTable(states) });
}

/** A view whose generations have changed with another's: in a cluster those of one group move together. */
async function movedAlong(
  admin: Pick<ProjectionAdmin, 'list'>,
  view: string,
  before: readonly ProjectionState[],
): Promise<ProjectionState | null> {
  const of = (states: readonly ProjectionState[]) => states.find(({ name }) => name === view);
  const now = of(await admin.list());
  return now && !isDeepStrictEqual(now.generations, of(before)?.generations) ? now : null;
}

function statesTable(states: readonly ProjectionState[]): string {
  const percent = (share: number | null): string => (share === null ? '' : `${Math.floor(share * PERCENT)} %`);
  const number = (value: number | null): string => (value === null ? '' : String(value));
  return table([
    ['view', 'state', 'events behind', 'seconds behind', 'progress', 'ETA s', 'live', 'building', 'previous'],
    ...states.map(({ name, state, lagEvents, lagSeconds, progress, etaS, generations }) => [
      name,
      state,
      String(lagEvents),
      lagSeconds.toFixed(1),
      percent(progress),
      number(etaS),
      number(generations.live),
      number(generations.building),
      number(generations.previous),
    ]),
  ]);
}
