import { plain, words } from '../../events/content.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { type StoredUserFact, UserRole } from '../../events/user.ts';
import type { UserState } from './state.ts';

export type UserDecision = Outcome<readonly StoredUserFact[]>;

export interface Registration {
  readonly username: string;
  readonly displayName: string;
  readonly password: boolean;
}

const reused = (): UserDecision => rejected('command-id-reused', 'the id stands for another command');
const happens = (fact: StoredUserFact): UserDecision => accepted([fact]);
const already: UserDecision = accepted([]);

/** The name is reserved for this user by now. */
export function register(state: UserState | null, { username, displayName, password }: Registration): UserDecision {
  if (!state) return happens({ type: 'UserRegistered', data: { username, displayName: plain(displayName), password } });
  const first = [...state.done.values()].find(({ fact }) => fact.type === 'UserRegistered')?.fact;
  const same =
    first?.type === 'UserRegistered' &&
    first.data.username === username &&
    words(first.data.displayName) === displayName;
  return same ? already : reused();
}

export function rename(
  state: UserState | null,
  { commandId, displayName, version }: { commandId: string; displayName: string; version?: number | undefined },
): UserDecision {
  if (!state) return rejected('user-not-found', 'there is no such user');
  const done = state.done.get(commandId)?.fact;
  if (done) return done.type === 'UserRenamed' && words(done.data.displayName) === displayName ? already : reused();
  if (version !== undefined && version !== state.version) {
    return rejected('version-conflict', `the profile is at version ${state.version}, not ${version}`);
  }
  return displayName === state.displayName
    ? already
    : happens({ type: 'UserRenamed', data: { displayName: plain(displayName) } });
}

export function changePassword(state: UserState | null, { commandId }: { commandId: string }): UserDecision {
  if (!state) return rejected('user-not-found', 'there is no such user');
  const done = state.done.get(commandId)?.fact;
  if (done) return done.type === 'UserPasswordChanged' ? already : reused();
  return happens({ type: 'UserPasswordChanged', data: {} });
}

export function setRoles(
  state: UserState | null,
  { commandId, roles }: { commandId: string; roles: readonly UserRole[] },
): UserDecision {
  if (!state) return rejected('user-not-found', 'there is no such user');
  const done = state.done.get(commandId)?.fact;
  if (done) return done.type === 'UserRolesSet' && same(done.data.roles, roles) ? already : reused();
  return same(state.roles, roles) ? already : happens({ type: 'UserRolesSet', data: { roles: [...roles] } });
}

/** Everybody is a user; the rest in the order of the contract, each once. */
export const orderedRoles = (roles: readonly UserRole[]): UserRole[] =>
  UserRole.options.filter((role) => role === 'user' || roles.includes(role));

const same = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();
