import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../../../events/error-codes.ts';
import type { ProjectionAdmin, ProjectionState } from '../../../gateway/http/ops/port.ts';
import { EXIT_FOUND, print, table, VerbFailed } from '../io.ts';
import type { VerbContext } from '../verb.ts';
import { withProjections } from './admin.ts';
import { describeRefused, eachTried } from './each.ts';
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

/**
 * Those that answer how the view then is, on each view that the name stands for. Of `all` each is tried; it has failed
 * where none could be moved, or where one could not that has what it takes.
 */
export async function move(
  context: VerbContext,
  { action, name }: { action: 'pause' | 'resume' | 'rollback' | 'drop'; name: string },
  options: Shown,
): Promise<void> {
  const { before, done, refused } = await withProjections(context, options, async ({ admin }) => {
    const before = await admin.list();
    const tried = await eachTried(await namesOf(admin, name), async (view): Promise<Outcome<ProjectionState>> => {
      const moved = await movedAlong(admin, view, before);
      return moved ? { ok: true, value: moved } : admin[action](view);
    });
    return { before, ...tried };
  });
  const [first] = refused;
  if (first !== undefined && done.length === 0)
    throw new VerbFailed(first.code, refused.map(({ detail }) => detail).join('\n'), name === ALL ? { refused } : {});
  print(context.io, options, {
    json: name === ALL ? { projections: done, refused } : done[0],
    text: [statesTable(done), ...refused.map(describeRefused)].join('\n'),
  });
  const goesBack = action === 'rollback' || action === 'drop';
  const hadNothing = (view: string): boolean =>
    goesBack && before.find((state) => state.name === view)?.generations.previous === null;
  if (refused.some((each) => !hadNothing(each.name))) process.exitCode = EXIT_FOUND;
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
