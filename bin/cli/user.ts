import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { UserRole } from '../../events/user.ts';
import { openAuth } from '../open-auth.ts';
import { ids } from '../write-side.ts';
import { print, VerbFailed, WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { valueOf, withLog } from './with-log.ts';

export const userVerb = (context: VerbContext): Command => {
  const verb = new Command('user').description('Users and their roles (user, analyst, analyst:content, ops, admin).');
  verb
    .command('create')
    .description('Makes a user who can sign in.')
    .argument('<name>', 'username: 3 to 32 of a-z 0-9 _ .')
    .requiredOption('--password-stdin', 'read the password from standard input')
    .option('--display-name <text>', 'shown to others; the username by default')
    .option('--role <role>', 'a role besides `user` (repeatable)', collect, [])
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  printf %s "$PASSWORD" | hindsight user create ada --password-stdin --role analyst',
    )
    .action((name: string, options: { displayName?: string; role: string[]; json?: boolean }) =>
      createUser(context, name, options),
    );
  verb
    .command('role')
    .description('Gives a user these roles, and no others, from now on.')
    .argument('<name>', 'username')
    .argument('<role...>', 'roles')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight user role ada user ops')
    .action((name: string, roles: string[], options: { json?: boolean }) =>
      setRoles(context, { name, roles: rolesOf(roles), json: options.json ?? false }),
    );
  return verb;
};

const collect = (value: string, before: string[]): string[] => [...before, value];

function rolesOf(names: readonly string[]): UserRole[] {
  return names.map((name) => {
    const role = UserRole.safeParse(name);
    if (!role.success) throw new WrongUsage(`${name} is no role: there are ${UserRole.options.join(', ')}`);
    return role.data;
  });
}

async function createUser(
  context: VerbContext,
  name: string,
  options: { displayName?: string; role: string[]; json?: boolean },
): Promise<void> {
  const roles = rolesOf(options.role);
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  await withLog(context, async (log, { secrets, config }) => {
    const auth = await openAuth({ ...(await secrets()), commands: log.commands, config });
    try {
      const user = valueOf(await auth.register({ username: name, password, displayName: options.displayName ?? name }));
      const given =
        roles.length === 0 ? ['user'] : valueOf(await giveRoles(log, user.userId, ['user', ...roles])).roles;
      const made = { userId: user.userId, username: user.username, displayName: user.displayName, roles: given };
      print(context.io, options, { json: made, text: `${made.username} is ${made.userId} (${made.roles.join(', ')})` });
    } finally {
      await auth.close();
    }
  });
}

async function setRoles(
  context: VerbContext,
  { name, roles, json }: { name: string; roles: UserRole[]; json: boolean },
): Promise<void> {
  await withLog(context, async (log) => {
    const userId = await log.commands.userNamed(name);
    if (userId === null) throw new VerbFailed('user-not-found', `there is no user ${name}`);
    const given = valueOf(await giveRoles(log, userId, roles)).roles;
    print(
      context.io,
      { json },
      { json: { userId, username: name, roles: given }, text: `${name}: ${given.join(', ')}` },
    );
  });
}

const giveRoles = (log: Parameters<Parameters<typeof withLog>[1]>[0], userId: string, roles: UserRole[]) =>
  log.commands.setRoles({ actor: userId, userId, roles: [...new Set(roles)], commandId: ids.ulid() });
