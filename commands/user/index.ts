import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { isFromTheFuture, type UserId } from '../../events/ids.ts';
import { userStream } from '../../events/streams.ts';
import type { Commands, Profile } from '../api.ts';
import { handleStream, loadStream, type StreamCommand, type StreamDeps } from '../handle-stream.ts';
import { fromTheFuture } from '../refusals.ts';
import { displayName as checkDisplayName, foldUsername } from '../text.ts';
import { changePassword, orderedRoles, register, rename, setRoles, type UserDecision } from './decide.ts';
import { evolveUser, type UserState } from './state.ts';
import { readReservation, reserveUsername } from './username.ts';

export type UserCommands = Pick<
  Commands,
  'registerUser' | 'renameUser' | 'passwordChanged' | 'setRoles' | 'profile' | 'userNamed'
>;

export function createUserCommands(deps: StreamDeps): UserCommands {
  const load = async (userId: UserId): Promise<UserState | null> => (await loadStream(userOf(userId), deps)).state;

  return {
    registerUser: (command) => registerUser(command, deps),

    async renameUser({ userId, displayName, version, commandId }) {
      const name = checkDisplayName(displayName);
      if (!name.ok) return name;
      const decide = (state: UserState | null): UserDecision =>
        rename(state, { commandId, displayName: name.value, version });
      const outcome = await handle({ actor: userId, userId, commandId, decide }, deps);
      return outcome.ok ? accepted(profileAfter(userId, outcome.value, commandId)) : outcome;
    },

    async passwordChanged({ userId, commandId }) {
      const outcome = await handle(
        { actor: userId, userId, commandId, decide: (s) => changePassword(s, { commandId }) },
        deps,
      );
      return outcome.ok ? accepted(profileOf(userId, outcome.value)) : outcome;
    },

    async setRoles({ actor, userId, roles, commandId }) {
      const ordered = orderedRoles(roles);
      const decide = (state: UserState | null): UserDecision => setRoles(state, { commandId, roles: ordered });
      const outcome = await handle({ actor, userId, commandId, decide }, deps);
      return outcome.ok ? accepted({ roles: ordered }) : outcome;
    },

    async profile(userId) {
      const user = await load(userId);
      return user && { ...profileOf(userId, user), roles: [...user.roles], password: user.password };
    },

    async userNamed(username) {
      const name = foldUsername(username);
      const reservation = name === null ? null : await readReservation(name, deps);
      return reservation?.used ? reservation.userId : null;
    },
  };
}

async function registerUser(
  command: Parameters<Commands['registerUser']>[0],
  deps: StreamDeps,
): Promise<Outcome<Profile & { repeated: boolean }>> {
  const { userId, commandId, password } = command;
  const username = foldUsername(command.username);
  if (username === null) {
    const message = 'must be 3 to 32 letters a-z, digits, dots or underscores';
    return rejected('bad-request', `username ${message}`, { errors: [{ path: 'username', message }] });
  }
  const name = checkDisplayName(command.displayName);
  if (!name.ok) return name;
  let repeated = false;
  const decide = (state: UserState | null): UserDecision => {
    repeated = state !== null;
    return register(state, { username, displayName: name.value, password });
  };
  const { state: standing } = await loadStream(userOf(userId), deps);
  if (!standing) {
    if (isFromTheFuture(commandId, deps.clock())) return fromTheFuture(); // before a name is reserved for it
    const reserved = await reserveUsername({ username, userId, commandId }, deps);
    if (!reserved.ok) return reserved;
  }
  const outcome = await handle({ actor: userId, userId, commandId, decide }, deps);
  return outcome.ok ? accepted({ userId, username, displayName: name.value, version: 1, repeated }) : outcome;
}

const userOf = (userId: UserId): Pick<StreamCommand<UserState | null>, 'stream' | 'read' | 'initial' | 'evolve'> => ({
  stream: userStream(userId),
  read: 'all',
  initial: null,
  evolve: evolveUser,
});

interface UserCommand {
  readonly actor: string;
  readonly userId: UserId;
  readonly commandId: string;
  readonly decide: (state: UserState | null) => UserDecision;
}

async function handle(
  { actor, userId, commandId, decide }: UserCommand,
  deps: StreamDeps,
): Promise<Outcome<UserState>> {
  /** An id that is known has led to nothing new, so it is answered. */
  const decideInTime = (state: UserState | null): UserDecision => {
    const decision = decide(state);
    const isNew = decision.ok && decision.value.length > 0;
    return isNew && isFromTheFuture(commandId, deps.clock()) ? fromTheFuture() : decision;
  };
  const outcome = await handleStream({ ...userOf(userId), actor, commandId, decide: decideInTime }, deps);
  if (!outcome.ok) return outcome;
  if (!outcome.value) throw new Error(`user ${userId} is not there after a command`);
  return accepted(outcome.value);
}

const profileOf = (userId: UserId, { username, displayName, version }: UserState): Profile => ({
  userId,
  username: username ?? '',
  displayName,
  version,
});

/** As it was right after the command, also when this is a repeat and other names came since. */
function profileAfter(userId: UserId, user: UserState, commandId: string): Profile {
  const done = user.done.get(commandId);
  if (done?.fact.type !== 'UserRenamed') return profileOf(userId, user);
  return { ...profileOf(userId, user), displayName: done.fact.data.displayName.text, version: done.version };
}
