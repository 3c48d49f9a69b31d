import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import type { ProjectionAdmin, ProjectionJob, ProjectionState } from '../../gateway/http/ops/port.ts';
import { print, table, VerbFailed, WrongUsage } from './io.ts';
import { laterVerb } from './later.ts';
import { progress } from './progress.ts';
import { withProjections } from './projections-admin.ts';
import type { VerbContext } from './verb.ts';
import { valueOf } from './with-log.ts';

const ALL = 'all';
/** Listed beside the views of a cluster: it can be watched, and neither rebuilt nor compared. */
const NO_VIEW = 'deliveries';
const LOOK_EVERY_MS = 100;
const PERCENT = 100;
const DIFFERENCES_SHOWN = 20;
const EXIT_DIFFERENT = 1;

interface Shown {
  json?: boolean;
}

/** What `verify` prints of a view. */
interface Verified {
  name: string;
  rows: number;
  differences: { chatId: string; seq: number; what: string }[];
}

export const projectionsVerb = (context: VerbContext): Command => {
  const verb = new Command('projections').description('The views that are folded from the log.');
  const one = (name: string, what: string): Command =>
    verb
      .command(name)
      .description(what)
      .argument('<name>', 'a view as `list` names it, or `all`')
      .option('--json', 'one JSON document');
  verb
    .command('list')
    .description('Every view: its state, how far behind it is, what is being done to it.')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight projections list')
    .action((options: Shown) => list(context, options));
  one('rebuild', 'Builds a view from the log beside the live one, then takes its place.')
    .addHelpText('after', '\nExample:\n  hindsight projections rebuild all')
    .action((name: string, options: Shown) => rebuild(context, name, options));
  one('verify', 'Compares a view with the log, row by row. Exit code 1 where they differ.')
    .addHelpText('after', '\nExample:\n  hindsight projections verify chat-history --json')
    .action((name: string, options: Shown) => verify(context, name, options));
  for (const action of ['pause', 'resume'] as const) {
    one(action, action === 'pause' ? 'Stops a view where it is.' : 'Lets a paused or failed view go on.')
      .addHelpText('after', `\nExample:\n  hindsight projections ${action} user-chats`)
      .action((name: string, options: Shown) => setPaused(context, { action, name }, options));
  }
  for (const name of ['cancel', 'rollback', 'drop']) verb.addCommand(laterVerb(name), { hidden: true });
  return verb;
};

async function list(context: VerbContext, options: Shown): Promise<void> {
  const projections = await withProjections(context, ({ admin }) => admin.list());
  print(context.io, options, { json: { projections }, text: statesTable(projections) });
}

function statesTable(states: readonly ProjectionState[]): string {
  const percent = (share: number | null): string => (share === null ? '' : `${Math.floor(share * PERCENT)} %`);
  return table([
    ['view', 'state', 'events behind', 'seconds behind', 'progress', 'ETA s'],
    ...states.map((state) => [
      state.name,
      state.state,
      String(state.lagEvents),
      state.lagSeconds.toFixed(1),
      percent(state.progress),
      state.etaS === null ? '' : String(state.etaS),
    ]),
  ]);
}

async function setPaused(
  context: VerbContext,
  { action, name }: { action: 'pause' | 'resume'; name: string },
  options: Shown,
): Promise<void> {
  const states = await withProjections(context, async ({ admin }) => {
    const done: ProjectionState[] = [];
    for (const view of await namesOf(admin, name)) done.push(valueOf(await admin[action](view)));
    return done;
  });
  print(context.io, options, { json: name === ALL ? { projections: states } : states[0], text: statesTable(states) });
}

async function rebuild(context: VerbContext, name: string, options: Shown): Promise<void> {
  const job = await withProjections(context, async (projections) => {
    await namesOf(projections.admin, name);
    const begun = valueOf(await projections.admin.rebuild(name));
    return projections.working(() => ended(projections.admin, begun));
  });
  print(context.io, options, { json: job, text: `${name}: rebuilt from the log` });
}

async function verify(context: VerbContext, name: string, options: Shown): Promise<void> {
  const views = await withProjections(context, (projections) =>
    projections.working(async () => {
      const { admin } = projections;
      const done: Verified[] = [];
      for (const view of await namesOf(admin, name)) {
        const job = await ended(admin, valueOf(await admin.verify(view)));
        done.push({ name: view, rows: job.result?.rows ?? 0, differences: job.result?.differences ?? [] });
      }
      return done;
    }),
  );
  const differences = views.flatMap((view) => view.differences);
  const rows = views.reduce((sum, view) => sum + view.rows, 0);
  print(context.io, options, {
    json: name === ALL ? { name, rows, differences, views } : views[0],
    text: views.flatMap(describeVerified).join('\n'),
  });
  if (differences.length > 0) process.exitCode = EXIT_DIFFERENT;
}

function describeVerified({ name, rows, differences }: Verified): string[] {
  if (differences.length === 0) return [`${name}: ${rows} rows, equal to the log`];
  const shown = differences.slice(0, DIFFERENCES_SHOWN).map(({ chatId, seq, what }) => `  ${chatId} ${seq}: ${what}`);
  const more =
    differences.length > shown.length ? [`  … and ${differences.length - shown.length} more: see --json`] : [];
  return [`${name}: ${rows} rows, ${differences.length} differences`, ...shown, ...more];
}

/** The views that a name stands for. */
async function namesOf(admin: ProjectionAdmin, name: string): Promise<string[]> {
  const listed = (await admin.list()).map((state) => state.name);
  const names = listed.filter((view) => view !== NO_VIEW);
  if (name === ALL) return names;
  if (!names.includes(name))
    throw new WrongUsage(`no view is called ${name}: there are ${names.join(', ')} and ${ALL}`);
  return [name];
}

/** Waits for a job, showing how far it has come. */
async function ended(admin: ProjectionAdmin, begun: ProjectionJob): Promise<ProjectionJob> {
  const bar = progress(`${begun.action} ${begun.name}`, PERCENT, '%');
  try {
    for (let job = begun; ; ) {
      bar.update(Math.floor(job.progress * PERCENT));
      if (job.state === 'done') return job;
      if (job.state !== 'running')
        throw new VerbFailed('internal', `${job.action} of ${job.name} ${job.state}: ${job.error ?? ''}`);
      await pause(LOOK_EVERY_MS);
      const now = await admin.job(job.jobId);
      if (now === null) throw new VerbFailed('not-found', `the server does not know the job ${job.jobId} any more`);
      job = now;
    }
  } finally {
    bar.stop();
  }
}
