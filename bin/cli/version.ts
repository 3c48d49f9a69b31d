import { Command } from 'commander';
import { VERSION } from '../package-root.ts';
import { print } from './io.ts';
import type { VerbContext } from './verb.ts';

export const versionVerb = ({ io }: VerbContext): Command =>
  new Command('version')
    .description('The version of Hindsight and of what it runs on.')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight version --json')
    .action((options: { json?: boolean }) => {
      const versions = {
        hindsight: VERSION,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
      };
      print(io, options, {
        json: versions,
        text: `hindsight ${VERSION} (Node ${versions.node}, ${versions.platform})`,
      });
    });
