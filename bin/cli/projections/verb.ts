import { Command } from 'commander';
import { requireChatId } from '../chat-at.ts';
import { WrongUsage } from '../io.ts';
import { reasonOption } from '../reason.ts';
import type { VerbContext } from '../verb.ts';
import { cancel, rebuild, repair, verify } from './jobs.ts';
import { list, move, type Shown } from './states.ts';

interface Given extends Shown {
  rate?: string;
  share?: string;
  sample?: string;
  detach?: boolean;
}

const EACH = 'Of `all` each view that has one: exit code 1 where none has, or one that has could not be moved.';
const MOVES = {
  pause: 'Pauses the rebuild of a view while one runs, else the view itself: it stays where it is.',
  resume: 'Lets a paused rebuild and a paused view go on.',
  rollback: `Makes the generation before the last rebuild the live one again. ${EACH}`,
  drop: `Throws away the generation that a rollback would go back to. ${EACH}`,
} as const;
const SAMPLE = 'compare only this share of the chats, always the same ones, above 0 to 1 (default: every row)';

export const projectionsVerb = (context: VerbContext): Command => {
  const verb = new Command('projections')
    .description('The views that are folded from the log.')
    .addHelpText(
      'after',
      '\nIn a cluster user-chats, members and users move together: what is rebuilt, paused, resumed, rolled back or dropped\nof one of them is of all three.',
    );
  const acting = (command: Command): Command => command.addOption(reasonOption()).option('--json', 'one JSON document');
  const one = (name: string, what: string, example: string): Command =>
    acting(verb.command(name).description(what).argument('<name>', 'a view as `list` names it, or `all`')).addHelpText(
      'after',
      `\nExample:\n  hindsight projections ${name} ${example}`,
    );
  verb
    .command('list')
    .description('Every view: its state, how far behind it is, what is being done to it, its generations.')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight projections list')
    .action((options: Shown) => list(context, options));
  one(
    'rebuild',
    'Builds a new generation of a view from the log beside the live one, compares it with the log, and lets it take the live one’s place. The old one is kept for `rollback` until `drop`.',
    'all --rate 20000 --reason "a new column"',
  )
    .option('--rate <events>', 'at most so many events in a second')
    .option(
      '--share <share>',
      'work on it for at most this share of the time, above 0 to 1: the rest is for the live views',
    )
    .option('--sample <share>', SAMPLE)
    .option('--detach', 'do not wait for its end: a running server goes on with it')
    .action((name: string, { detach, ...options }: Given) =>
      rebuild(context, name, { ...shown(options), how: howOf(options), ...(detach && { detach }) }),
    );
  one('verify', 'Compares a view with the log, row by row. Exit code 1 where they differ.', 'chat-history --json')
    .option('--sample <share>', SAMPLE)
    .action((name: string, options: Given) => verify(context, name, { ...shown(options), how: howOf(options) }));
  one(
    'cancel',
    'Ends the rebuild or the verify of a view that runs; the live view stays as it is. Exit code 1 where one has ended by itself instead, or not yet.',
    'all',
  ).action((name: string, options: Shown) => cancel(context, name, options));
  for (const action of ['pause', 'resume', 'rollback', 'drop'] as const) {
    one(action, MOVES[action], 'user-chats').action((name: string, options: Shown) =>
      move(context, { action, name }, options),
    );
  }
  acting(
    verb
      .command('repair')
      .description('Builds all that the views hold of one chat anew, in place; whoever is connected loads it again.')
      .argument('<chat>', 'the id of the chat'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  hindsight projections repair 00000000006Z… --reason "verify found differences"',
    )
    .action((chat: string, options: Shown) => repair(context, requireChatId(chat), options));
  return verb;
};

const shown = ({ json, reason }: Given): Shown => ({
  ...(json !== undefined && { json }),
  ...(reason !== undefined && { reason }),
});

function howOf({ rate, share, sample }: Given): { eventsPerSecond?: number; share?: number; sample?: number } {
  return {
    ...(rate !== undefined && { eventsPerSecond: rateOf(rate) }),
    ...(share !== undefined && { share: shareOf('share', share) }),
    ...(sample !== undefined && { sample: shareOf('sample', sample) }),
  };
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (!Number.isSafeInteger(rate) || rate < 1) throw new WrongUsage(`--rate ${text}: give a whole number of events`);
  return rate;
}

function shareOf(name: string, text: string): number {
  const share = Number(text);
  if (!(share > 0 && share <= 1)) throw new WrongUsage(`--${name} ${text}: give a number above 0 and at most 1`);
  return share;
}
