import { Command } from 'commander';
import { decode, rfc3339 } from '../../events/codec.ts';
import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { categoryOf, opsStream } from '../../events/streams.ts';
import { parseTime } from './chat-at.ts';
import { print, WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

const PAGE_EVENTS = 2_000;
const AREA = /^[a-z0-9-]{1,64}$/;

interface OpsOptions {
  area?: string;
  from?: string;
  to?: string;
  json?: boolean;
}

/** What an operator did, or an analyst read. */
interface OpsEntry {
  at: string;
  area: string;
  actor: string;
  type: string;
  data: Record<string, unknown>;
}

export const opsVerb = (context: VerbContext): Command => {
  const verb = new Command('ops').description('What operators did and analysts read.');
  verb
    .command('log')
    .description('Who did or read what, and when, oldest first.')
    .option('--area <name>', 'only this area, such as import, projections or access')
    .option('--from <time>', 'from this UTC time on')
    .option('--to <time>', 'up to this UTC time, inclusive')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight ops log --area projections --from 2026-01-01Z')
    .action(async (options: OpsOptions) => {
      if (options.area !== undefined && !AREA.test(options.area)) throw new WrongUsage(`${options.area} is no area`);
      const from = options.from === undefined ? Number.NEGATIVE_INFINITY : parseTime(options.from);
      const to = options.to === undefined ? Number.POSITIVE_INFINITY : parseTime(options.to);
      const entries: OpsEntry[] = [];
      await withReadOnlyLog(context, async (log) => {
        for await (const event of opsEvents(log, options.area)) {
          const { type, data, metadata } = decode(event);
          if (metadata.at < from || metadata.at > to) continue;
          const area = event.stream.slice(opsStream('').length);
          entries.push({ at: rfc3339(metadata.at), area, actor: metadata.actor, type, data: data as OpsEntry['data'] });
        }
      });
      print(context.io, options, {
        json: { entries },
        text: entries.length === 0 ? 'Nothing is recorded.' : entries.map(describe).join('\n'),
      });
    });
  return verb;
};

/** One area is a stream; all of them are found only by reading the log. */
async function* opsEvents(log: EventLog, area: string | undefined): AsyncGenerator<RecordedEvent> {
  if (area !== undefined) {
    for (let from = 0; ; from += PAGE_EVENTS) {
      const page = await log.readStream(opsStream(area), { from, limit: PAGE_EVENTS });
      yield* page;
      if (page.length < PAGE_EVENTS) return;
    }
  }
  const until = await log.head();
  for (let after = 0; ; ) {
    const page = await log.readAll({ after, until, limit: PAGE_EVENTS });
    for (const event of page) if (categoryOf(event.stream) === 'ops') yield event;
    after = page.at(-1)?.position ?? until;
    if (page.length < PAGE_EVENTS) return;
  }
}

function describe({ at, area, actor, type, data }: OpsEntry): string {
  const { action, target, outcome, reason, ...rest } = data;
  const said = [action, target, outcome, reason].filter((part) => typeof part === 'string');
  const more = Object.keys(rest).length === 0 ? [] : [JSON.stringify(rest)];
  return [at, area, actor, type, ...said, ...more].join(' ');
}
