import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';

export interface IrcLogs {
  /** In the order of their dates. */
  days: { name: string; path: string; bytes: Buffer }[];
  /** False where only the demo's excerpt is at hand. */
  whole: boolean;
}

const DATED = /^\d{4}-\d{2}-\d{2}/;

/** The real logs: in the folder that `IRC_LOGS` names, else beside the checkout, else the excerpt of the demo. */
export function ircLogs(): IrcLogs {
  const folder = resolve(PACKAGE_ROOT, process.env['IRC_LOGS'] ?? join('..', 'shared', 'data', 'ubuntu-irc'));
  const whole = existsSync(folder);
  if (!whole) {
    process.stderr.write(`IRC logs: ${folder} is not there (IRC_LOGS), so only the excerpt in bin/demo is read\n`);
  }
  const from = whole ? folder : join(PACKAGE_ROOT, 'bin', 'demo');
  const names = readdirSync(from).filter((name) => DATED.test(name));
  return {
    whole,
    days: names.sort().map((name) => ({ name, path: join(from, name), bytes: readFileSync(join(from, name)) })),
  };
}
