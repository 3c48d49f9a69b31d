import { Command } from 'commander';
import { OPS_AREAS, type OpsArea } from '../../events/ops.ts';
import { type OpsEntry, type OpsQuery, opsEntries } from '../../queries/ops-log/index.ts';
import { timesOf } from './event-filter.ts';
import { print, WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

interface OpsOptions {
  area?: string;
  from?: string;
  to?: string;
  json?: boolean;
}

export const opsVerb = (context: VerbContext): Command => {
  const verb = new Command('ops').description('What operators did and analysts read.');
  verb
    .command('log')
    .description('Who did or read what, why and how it ended, oldest first.')
    .option('--area <name>', `only this area: ${OPS_AREAS.join(', ')}`)
    .option('--from <time>', 'from this UTC time on, inclusive')
    .option('--to <time>', 'up to this UTC time, inclusive')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight ops log --area projections --from 2026-01-01Z')
    .action(async (options: OpsOptions) => {
      const query = queryOf(options);
      const entries: OpsEntry[] = [];
      await withReadOnlyLog(context, async (log) => {
        for await (const entry of opsEntries(log, query)) entries.push(entry);
      });
      print(context.io, options, {
        json: { entries },
        text: entries.length === 0 ? 'Nothing is recorded.' : entries.map(describe).join('\n'),
      });
    });
  return verb;
};

function queryOf({ area, from, to }: OpsOptions): OpsQuery {
  const known = OPS_AREAS.find((name) => name === area);
  if (area !== undefined && known === undefined)
    throw new WrongUsage(`${area} is no area: there are ${OPS_AREAS.join(', ')}`);
  return {
    ...(known !== undefined && { area: known satisfies OpsArea }),
    ...timesOf({ from, to }),
  };
}

function describe({ at, area, actor, type, data }: OpsEntry): string {
  const { action, target, outcome, reason, ...rest } = data;
  const said = [action, target, outcome, reason].filter((part) => typeof part === 'string');
  const more = Object.keys(rest).length === 0 ? [] : [JSON.stringify(rest)];
  return [at, area, actor, type, ...said, ...more].join(' ');
}
