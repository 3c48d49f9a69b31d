import { envNameOf, SETTINGS, type SettingName } from '../../infra/config.ts';
import { heading, row } from './markdown.ts';

export function settingsPage(): string {
  const names = Object.keys(SETTINGS) as SettingName[];
  return [
    heading('Settings', 'infra/config.ts'),
    'A setting comes from its flag, else from the environment, else from the configuration file, else it has its default; an empty one counts as not given. `hindsight config check` says what each one is and where it came from, but only that it is set of one that is or may hold a password. The file is `hindsight.json` in the working folder, or the one that `HINDSIGHT_CONFIG` names: a JSON object with the names of the first column.',
    [
      row('setting', 'environment', 'flag', 'default', 'what'),
      row('---', '---', '---', '---', '---'),
      ...names.map((name) =>
        row(
          `\`${name}\``,
          `\`${envNameOf(name)}\``,
          `\`${flagOf(name)}\``,
          defaultOf(SETTINGS[name].default),
          SETTINGS[name].what,
        ),
      ),
    ].join('\n'),
  ].join('\n\n');
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function defaultOf(value: boolean | number | string | readonly unknown[] | null): string {
  if (value === null || (typeof value === 'object' && value.length === 0)) return '';
  return `\`${typeof value === 'object' ? value.join(',') : value}\``;
}
