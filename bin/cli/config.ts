import { Command } from 'commander';
import { envNameOf, loadConfig, SETTINGS, type SettingName } from '../../infra/config.ts';
import { print, table } from './io.ts';
import type { VerbContext } from './verb.ts';

export const configVerb = ({ io, flags }: VerbContext): Command => {
  const verb = new Command('config').description('The settings: flag over environment over file over default.');
  verb
    .command('check')
    .description('Reads the settings as `serve` would and says where each came from.')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  HINDSIGHT_PORT=4100 hindsight config check')
    .action((options: { json?: boolean }) => {
      const { config, origin, file, warnings } = loadConfig(flags());
      const shown = (name: SettingName): string | number | boolean | readonly string[] | null =>
        SETTINGS[name].secret && config[name] !== null ? '(set)' : config[name];
      const names = Object.keys(config) as SettingName[];
      for (const warning of warnings) io.err(`warning: ${warning}`);
      print(io, options, {
        json: {
          ok: true,
          file,
          warnings,
          settings: Object.fromEntries(names.map((name) => [name, { value: shown(name), from: origin[name] }])),
        },
        text: `${table([
          ['setting', 'value', 'from', 'environment'],
          ...names.map((name) => [name, (shown(name) ?? '').toString(), origin[name], envNameOf(name)]),
        ])}\nThe settings are fine${file === null ? '' : `; read from ${file}`}.`,
      });
    });
  return verb;
};
