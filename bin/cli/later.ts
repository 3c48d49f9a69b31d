import { Command } from 'commander';
import { WrongUsage } from './io.ts';

/** A verb of the contract that this version does not have: it says so, rather than "unknown command". */
export function laterVerb(name: string): Command {
  return new Command(name)
    .description('Comes in a later version.')
    .argument('[arguments...]')
    .allowUnknownOption()
    .action(() => {
      throw new WrongUsage(`\`${name}\` comes in a later version of Hindsight`);
    });
}

<<<<<<< HEAD
const LATER = ['export'] as const;
=======
const LATER = ['query'] as const;
>>>>>>> da745bf (wip)

export const laterVerbs = LATER.map((name) => () => laterVerb(name));
