import { setTimeout as pause } from 'node:timers/promises';
import type {
  Comparison,
  ProjectionAdmin,
  ProjectionJob,
  RebuildOptions,
  VerifyOptions,
} from '../../../gateway/http/ops/port.ts';
import { EXIT_FOUND, print, VerbFailed } from '../io.ts';
import { progress } from '../progress.ts';
import type { VerbContext } from '../verb.ts';
import { valueOf } from '../with-log.ts';
import { withProjections } from './admin.ts';
import { describeRefused, eachTried } from './each.ts';
import { ALL, namesOf } from './names.ts';
import type { Shown } from './states.ts';

const LOOK_EVERY_MS = 100;
const PERCENT = 100;
const DIFFERENCES_SHOWN = 20;

/** What `verify` prints of a view. */
interface Verified extends Comparison {
  name: string;
}

export async function rebuild(
  context: VerbContext,
  name: string,
  { detach, how, ...options }: Shown & { detach?: boolean; how: RebuildOptions },
): Promise<void> {
  const job = await withProjections(context, options, async (projections) => {
    await namesOf(projections.admin, name);
    const begun = valueOf(await projections.admin.rebuild(name, how));
    return detach ? begun : projections.working(() => ended(projections.admin, begun));
  });
  const text = detach ? `${name}: the rebuild has begun: job ${job.jobId}` : `${name}: rebuilt from the log`;
  print(context.io, options, { json: job, text });
}

export async function repair(context: VerbContext, chatId: string, options: Shown): Promise<void> {
  const job = await withProjections(context, options, (projections) =>
    projections.working(async () => ended(projections.admin, valueOf(await projections.admin.repair(chatId)))),
  );
  print(context.io, options, { json: job, text: `${chatId}: built anew in all views` });
}

/** `all`: whatever runs. What one job refuses keeps no other from being ended. */
export async function cancel(context: VerbContext, name: string, options: Shown): Promise<void> {
  const { done: jobs, refused } = await withProjections(context, options, async ({ admin }) => {
    await namesOf(admin, name);
    if (name !== ALL) return { done: [valueOf(await admin.cancel(name))], refused: [] };
    const open = (await admin.jobs()).filter(({ state, action }) => isOpen(state) && action !== 'repair');
    return eachTried(
      open.map((job) => job.name),
      (of) => admin.cancel(of),
    );
  });
  const said = [...jobs.map(describeCancelled), ...refused.map(describeRefused)];
  print(context.io, options, {
    json: name === ALL ? { jobs, refused } : jobs[0],
    text: said.length === 0 ? 'Nothing runs.' : said.join('\n'),
  });
  if (refused.length > 0 || jobs.some(({ state }) => state !== 'cancelled')) process.exitCode = EXIT_FOUND;
}

function describeCancelled({ jobId, name, action, state }: ProjectionJob): string {
  if (state === 'cancelled') return `${name}: the ${action} is cancelled`;
  if (isOpen(state)) return `${name}: the ${action} is to end, and has not yet: job ${jobId}`;
  return `${name}: the ${action} had ended before it could be cancelled: ${state}`;
}

export async function verify(
  context: VerbContext,
  name: string,
  { how, ...options }: Shown & { how: VerifyOptions },
): Promise<void> {
  const views = await withProjections(context, options, (projections) =>
    projections.working(async () => {
      const { admin } = projections;
      const done: Verified[] = [];
      for (const view of await namesOf(admin, name)) {
        done.push(await verified(admin, view, how).catch((error: unknown) => failAfter(done, error)));
      }
      return done;
    }),
  );
  const sum = (of: (view: Verified) => number): number => views.reduce((total, view) => total + of(view), 0);
  const differencesFound = sum((view) => view.differencesFound);
  const differences = views.flatMap((view) => view.differences);
  print(context.io, options, {
    json: name === ALL ? { name, rows: sum(({ rows }) => rows), differencesFound, differences, views } : views[0],
    text: views.flatMap(describeVerified).join('\n'),
  });
  if (differencesFound > 0) process.exitCode = EXIT_FOUND;
}

async function verified(admin: ProjectionAdmin, view: string, how: VerifyOptions): Promise<Verified> {
  const job = await ended(admin, valueOf(await admin.verify(view, how)));
  if (job.result === null)
    throw new VerbFailed('failed', `verify of ${view} ended, and there is nothing of what it compared`, { job });
  return { name: view, ...job.result };
}

/** What was found in the views before stays said. */
function failAfter(done: readonly Verified[], error: unknown): never {
  if (!(error instanceof VerbFailed) || done.length === 0) throw error;
  const said = [error.message, ...done.flatMap(describeVerified)].join('\n');
  throw new VerbFailed(error.code, said, { ...error.details, views: done });
}

function describeVerified({ name, rows, sample, differencesFound, differences, ...apart }: Verified): string[] {
  const compared = sample < 1 ? `${rows} rows (${sample * PERCENT} % of the chats)` : `${rows} rows`;
  if (differencesFound === 0) return [`${name}: ${compared}, equal to the log${butFor(apart)}`];
  return [
    `${name}: ${compared}, ${differencesFound} differences`,
    ...describeDifferences({ differencesFound, differences }),
  ];
}

function describeDifferences({
  differencesFound,
  differences,
}: Pick<Comparison, 'differencesFound' | 'differences'>): string[] {
  const shown = differences.slice(0, DIFFERENCES_SHOWN).map(({ chatId, seq, what }) => `  ${chatId} ${seq}: ${what}`);
  const more = differencesFound - shown.length;
  const rest = differences.length > shown.length ? ': see --json' : '';
  return more > 0 ? [...shown, `  … and ${more} more${rest}`] : shown;
}

/** What is rightly not there, so that nobody takes a view for whole that waits for an operator. */
function butFor({ skipped = [], parked = [] }: Pick<Comparison, 'skipped' | 'parked'>): string {
  const said = [
    ...(parked.length > 0 ? [`${parked.length} parked chats or users (see \`parked list\`)`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} events that operators have left out`] : []),
  ];
  return said.length === 0 ? '' : `, but for ${said.join(' and ')}`;
}

const isOpen = (state: ProjectionJob['state']): boolean => state === 'running' || state === 'paused';

/** Waits for a job, showing how far it has come. */
async function ended(admin: ProjectionAdmin, begun: ProjectionJob): Promise<ProjectionJob> {
  const bar = progress(`${begun.action} ${begun.name}`, PERCENT, '%');
  try {
    for (let job = begun; ; ) {
      bar.update(Math.floor(job.progress * PERCENT), job.etaS);
      if (job.state === 'done') return job;
      if (!isOpen(job.state)) throw new VerbFailed(job.state, describeFailed(job), { job });
      await pause(LOOK_EVERY_MS);
      const now = await admin.job(job.jobId);
      if (now === null) throw new VerbFailed('not-found', `the server does not know the job ${job.jobId} any more`);
      job = now;
    }
  } finally {
    bar.stop();
  }
}

function describeFailed({ action, name, state, error, result }: ProjectionJob): string {
  return [
    `${action} of ${name} ${state === 'cancelled' ? 'was cancelled' : state}${error === null ? '' : `: ${error}`}`,
    ...(result === null ? [] : describeDifferences(result)),
  ].join('\n');
}
