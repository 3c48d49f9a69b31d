import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { foldUsername } from '../../commands/index.ts';
import { accepted } from '../../events/error-codes.ts';
import { UserRole } from '../../events/user.ts';
import { OPERATOR } from '../../gateway/auth/access-tokens.ts';
import { openAuth } from '../open-auth.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { print, VerbFailed, WrongUsage } from './io.ts';
import { reasonOption } from './reason.ts';
import { type Act, recorded } from './recorded.ts';
import type { VerbContext } from './verb.ts';
import { valueOf, withLog } from './with-log.ts';

interface Options {
  reason?: string;
  json?: boolean;
}

interface CreateOptions extends Options {
  displayName?: string;
  role: string[];
}

export const userVerb = (context: VerbContext): Command => {
  const verb = new Command('user').description('Users and their roles (user, analyst, analyst:content, ops, admin).');
  verb
    .command('create')
    .description('Makes a user who can sign in.')
    .argument('<name>', 'username: 3 to 32 of a-z 0-9 _ .')
    .requiredOption('--password-stdin', 'read the password from standard input')
    .option('--display-name <text>', 'shown to others; the username by default')
    .option('--role <role>', 'a role besides `user` (repeatable)', collect, [])
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  printf %s "$PASSWORD" | hindsight user create ada --password-stdin --role analyst',
    )
    .action((name: string, options: CreateOptions) => createUser(context, name, options));
  verb
    .command('role')
    .description('Gives a user these roles, and no others, from now on.')
    .argument('<name>', 'username')
    .argument('<role...>', 'roles')
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight user role ada user ops --reason "she is on call"')
    .action((name: string, roles: string[], options: Options) =>
      setRoles(context, { name, roles: rolesOf(roles) }, options),
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

async function createUser(context: VerbContext, name: string, options: CreateOptions): Promise<void> {
  const roles = rolesOf(options.role);
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  await withLog(context, async (log, { secrets, config }) => {
    const auth = await openAuth({ ...(await secrets()), commands: log.commands, config });
    const create = async () => {
      const user = await auth.register({ username: name, password, displayName: options.displayName ?? name });
      if (!user.ok) return user;
      const given = roles.length === 0 ? null : await giveRoles(log, user.value.userId, ['user', ...roles]);
      if (given && !given.ok) return given;
      const { userId, username, displayName } = user.value;
      return accepted({ userId, username, displayName, roles: given?.value.roles ?? ['user'] });
    };
    const act = actOf({ action: 'create', target: name, roles: ['user', ...roles] }, options);
    try {
      // What is no username may be anything, a password among it: it is refused, and not kept for ever.
      const isName = foldUsername(name) !== null;
      const made = valueOf(
        isName ? await recorded({ log, io: context.io, act }, create, ({ userId }) => ({ userId })) : await create(),
      );
      print(context.io, options, { json: made, text: `${made.username} is ${made.userId} (${made.roles.join(', ')})` });
    } finally {
      await auth.close();
    }
  });
}

async function setRoles(
  context: VerbContext,
  { name, roles }: { name: string; roles: UserRole[] },
  options: Options,
): Promise<void> {
  await withLog(context, async (log) => {
    const userId = await log.commands.userNamed(name);
    if (userId === null) throw new VerbFailed('user-not-found', `there is no user ${name}`);
    const act = actOf({ action: 'set-roles', target: name, roles }, options);
    const given = valueOf(
      await recorded(
        { log, io: context.io, act },
        () => giveRoles(log, userId, roles),
        () => ({ userId }),
      ),
    ).roles;
    print(context.io, options, {
      json: { userId, username: name, roles: given },
      text: `${name}: ${given.join(', ')}`,
    });
  });
}

const actOf = (
  { roles, ...act }: { action: string; target: string; roles: readonly UserRole[] },
  { reason }: Options,
): Act => ({ area: 'users', ...act, reason, details: { roles: [...new Set(roles)] } });

const giveRoles = (log: OpenLog, userId: string, roles: readonly UserRole[]) =>
  log.commands.setRoles({ actor: OPERATOR, userId, roles: [...new Set(roles)], commandId: ids.ulid() });
