import { existsSync, readFileSync } from 'node:fs';
import { DevServerError } from './failure.ts';

/** The first of these that the system has owns what a program writes that refuses to run as root. */
const USERS = ['postgres', 'nobody'];
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

export interface Unprivileged {
  /** Whose the files must be; null where the present user will do. */
  owner: { uid: number; gid: number } | null;
  /** The command line that runs this one without being root. */
  wrap(command: string, args: readonly string[]): { command: string; args: readonly string[] };
}

/**
 * How to run a program that refuses root. For anybody else: just so. For root: as another user who may still pass
 * through folders that only root can enter, such as the home folder that a checkout may lie in.
 */
export function unprivileged(): Unprivileged {
  if (process.getuid?.() !== 0) return { owner: null, wrap: (command, args) => ({ command, args }) };
  const setpriv = SETPRIV.find((file) => existsSync(file));
  const owner = process.platform === 'linux' ? findUser(readFileSync('/etc/passwd', 'utf8')) : null;
  if (setpriv === undefined || owner === null) {
    throw new DevServerError(
      'root-refused',
      'Postgres does not run as root, and there is no setpriv (of util-linux) to run it as another user. Install it, or start the servers as an ordinary user.',
    );
  }
  const pass = ['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const as = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', ...pass];
  return { owner, wrap: (command, args) => ({ command: setpriv, args: [...as, '--', command, ...args] }) };
}

function findUser(passwd: string): { uid: number; gid: number } | null {
  const lines = passwd.split('\n').map((line) => line.split(':'));
  for (const user of USERS) {
    const [, , uid, gid] = lines.find(([name]) => name === user) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}
