import { Command } from 'commander';
import * as z from 'zod';
import { isTypeOfAny } from '../../events/codec.ts';
import { type DryRun, dryRunUpcasters, type Trial, type UpcastRow } from '../../queries/upcasting/index.ts';
import { EXIT_FOUND, print, table, VerbFailed, WrongUsage } from './io.ts';
import { loadModule } from './load-module.ts';
import { barPerPhase } from './progress.ts';
import { recordReading } from './record-reading.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

const EXAMPLES = 1;
const EXAMPLES_MAX = 100;

interface UpcastOptions {
  dryRun?: boolean;
  type?: string;
  with?: string;
  examples: string;
  json?: boolean;
}

export const upcastVerb = (context: VerbContext): Command =>
  new Command('upcast')
    .description(
      'Shows how the events of a log are read: of each type and version how many there are, what the upcasters make of them, and which cannot be read and why. Nothing is written. Exit code 1 where an event cannot be read.',
    )
    .option('--dry-run', 'may be left out: nothing else can be done, the log is never rewritten')
    .option('--type <types>', 'only of these types, comma-separated')
    .option('--with <file>', 'try a file of yours (.ts, .js): `upcasters`, and `schemas` of what they make')
    .option('--examples <n>', 'so many of each version, before and after', String(EXAMPLES))
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLE)
    .action((options: UpcastOptions) => upcast(context, options));

const EXAMPLE = `
Examples:
  hindsight events upcast --dry-run
  hindsight events upcast --type MessageSent --with ./upcasters.ts --examples 3

The file of --with exports, by type and by the version that each takes to the next:
  export const upcasters = { MessageSent: { 1: (data) => ({ ...data, lang: 'en' }) } };
and may export schemas (anything with \`safeParse\`, such as zod's) that the outcome must fit:
  export const schemas = { MessageSent: z.looseObject({ lang: z.string() }) };`;

async function upcast(context: VerbContext, options: UpcastOptions): Promise<void> {
  const examples = Number(options.examples);
  if (!Number.isInteger(examples) || examples < 0 || examples > EXAMPLES_MAX)
    throw new WrongUsage(`--examples takes a number from 0 to ${EXAMPLES_MAX}`);
  const trial = options.with === undefined ? null : await loadTrial(options.with);
  if (examples > 0) {
    const type = options.type === undefined ? {} : { type: options.type };
    await recordReading(context, { content: true, options: { verb: 'events upcast', ...type } });
  }
  const asked = options.type?.split(',');
  const bars = barPerPhase('positions');
  const run = await withReadOnlyLog(context, (log) =>
    dryRunUpcasters({
      log,
      examples,
      ...(asked && { types: new Set(asked) }),
      ...(trial && { trial }),
      onProgress: (position, head) => bars.update('read', position, head),
    }),
  ).finally(bars.stop);
  const unheard = asked?.find((type) => isUnheard(type, run, trial));
  if (unheard !== undefined)
    throw new WrongUsage(`no event is called ${unheard}: neither this program nor the log knows one`);
  if (run.malformed.events > 0 || run.rows.some(({ undecodable }) => undecodable > 0)) process.exitCode = EXIT_FOUND;
  print(context.io, options, { json: run, text: words(run) });
}

/** The log may have types of a newer program, and a trial be of one that is to come. */
const isUnheard = (type: string, { rows }: DryRun, trial: Trial | null): boolean =>
  !isTypeOfAny(type) && !rows.some((row) => row.type === type) && !Object.hasOwn(trial?.upcasters ?? {}, type);

const isFunction = (value: unknown): value is (data: unknown) => unknown => typeof value === 'function';
const Upcasters = z.record(
  z.string(),
  z.record(z.string().regex(/^\d+$/), z.custom<(data: unknown) => unknown>(isFunction)),
);
interface Checks {
  safeParse(data: unknown): { success: boolean; error?: { message: string } };
}
const Schemas = z.record(
  z.string(),
  z.custom<Checks>((value) => isFunction((value as Checks | null)?.safeParse)),
);

async function loadTrial(file: string): Promise<Trial> {
  const module = await loadModule(file);
  const upcasters = Upcasters.safeParse(module.upcasters);
  const schemas = Schemas.optional().safeParse(module.schemas);
  if (!upcasters.success || !schemas.success)
    throw new VerbFailed(
      'module-failed',
      `${file} exports no \`upcasters\` as \`--help\` shows them, or other \`schemas\``,
    );
  const checks = schemas.data ?? {};
  return {
    upcasters: upcasters.data,
    ...(schemas.data && {
      check: (type, data) => {
        const result = checks[type]?.safeParse(data);
        return !result || result.success ? null : (result.error?.message ?? 'refused by its schema');
      },
    }),
  };
}

function words({ events, rows, malformed }: DryRun): string {
  const listed = rows.map((row) => [
    row.category,
    row.type,
    row.becomes > row.v ? `${row.v} → ${row.becomes}` : String(row.v),
    String(row.events),
    HOW[row.read],
    row.undecodable === 0 ? '' : `${row.undecodable} cannot be read`,
  ]);
  return [
    `${events} events`,
    table([['stream', 'type', 'version', 'events', 'read as', ''], ...listed]),
    ...rows.flatMap(detail),
    ...(malformed.events > 0 ? [`${malformed.events} events have metadata that cannot be read:`] : []),
    ...malformed.first.map(({ position, why }) => `  ${position}: ${why}`),
  ].join('\n');
}

const HOW: Record<UpcastRow['read'], string> = {
  known: 'what its schema says',
  newer: 'unknown: a newer program wrote it',
  'no-schema': 'unknown: there is no schema of it',
};

function detail({ type, v, becomes, examples, undecodableAt, undecodable }: UpcastRow): string[] {
  return [
    ...examples.map(
      ({ position, stream, revision, before, after }) =>
        `\n${type} ${v} → ${becomes} at ${position}, ${stream} revision ${revision}\n  before ${JSON.stringify(before)}\n  after  ${JSON.stringify(after)}`,
    ),
    ...(undecodable > 0 ? [`\n${type} version ${v}: ${undecodable} cannot be read, the first of them:`] : []),
    ...undecodableAt.map(
      ({ position, stream, revision, why }) => `  ${position}, ${stream} revision ${revision}: ${why}`,
    ),
  ];
}
