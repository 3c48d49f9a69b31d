import { Command } from 'commander';
import type { ParkedChat, ParkedOutcome } from '../../gateway/http/ops/parked/port.ts';
import { EXIT_FOUND, print, table } from './io.ts';
import { withProjections } from './projections/admin.ts';
import { reasonOption } from './reason.ts';
import type { VerbContext } from './verb.ts';
import { valueOf } from './with-log.ts';

const ALL = 'all';
const ERROR_SHOWN_LENGTH = 100;

interface Options {
  view?: string;
  reason?: string;
  json?: boolean;
}

export const parkedVerb = (context: VerbContext): Command => {
  const verb = new Command('parked').description('Chats that wait behind an event that a view cannot take.');
  verb
    .command('list')
    .description(
      'Each parked chat: in which view, the event, the error, how many events wait behind it, and since when.',
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight parked list')
    .action(async (options: Options) => {
      const parked = await withProjections(context, {}, ({ working, parked: admin }) => working(() => admin.list()));
      print(context.io, options, {
        json: { parked },
        text: parked.length === 0 ? 'Nothing is parked.' : listed(parked),
      });
    });
  acting(verb, 'retry', 'Tries the event again, and applies what waits behind it in the order of the log.')
    .argument('<key>', 'a chat as `list` names it, or `all`')
    .addOption(reasonOption())
    .addHelpText('after', '\nExample:\n  hindsight parked retry all --reason "the bug is mended"')
    .action((key: string, options: Options) => act(context, { action: 'retry', key }, options));
  acting(verb, 'skip', 'Leaves the one event out of the view for ever, then applies what waits behind it.')
    .argument('<key>', 'a chat as `list` names it')
    .addOption(reasonOption('why; the decision is an event of the log').makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  hindsight parked skip 01JD0000000000000000000001 --reason "damaged by a disk"')
    .action((key: string, options: Options) => act(context, { action: 'skip', key }, options));
  return verb;
};

const acting = (verb: Command, name: string, what: string): Command =>
  verb
    .command(name)
    .description(`${what} Exit code 1 where it is still parked after that.`)
    .option('--view <name>', 'only in this view', ALL)
    .option('--json', 'one JSON document');

async function act(
  context: VerbContext,
  { action, key }: { action: 'retry' | 'skip'; key: string },
  options: Options,
): Promise<void> {
  const { view = ALL, reason } = options;
  const outcome = await withProjections(context, { ...(reason !== undefined && { reason }) }, (projections) =>
    projections.working(async () => valueOf(await projections.parked[action]({ view, key }))),
  );
  print(context.io, options, { json: outcome, text: told(outcome) });
  if (outcome.parked.length + outcome.pending.length > 0) process.exitCode = EXIT_FOUND;
}

function told({ released, parked, pending }: ParkedOutcome): string {
  return [
    ...released.map(({ view, key, waiting }) => `${view} ${key}: goes on, with ${waiting} events that waited`),
    ...(parked.length === 0 ? [] : ['Still parked:', listed(parked)]),
    ...(pending.length === 0 ? [] : ['Asked for, and not tried yet (look with `parked list`):', listed(pending)]),
  ].join('\n');
}

const listed = (parked: readonly ParkedChat[]): string =>
  table([
    ['view', 'key', 'event', 'type', 'waiting', 'since', 'error'],
    ...parked.map(({ view, key, event, waiting, since, error }) => [
      view,
      key,
      `${event.stream} ${event.revision}`,
      event.type,
      String(waiting),
      since,
      error.replaceAll(/\s+/g, ' ').slice(0, ERROR_SHOWN_LENGTH),
    ]),
  ]);
