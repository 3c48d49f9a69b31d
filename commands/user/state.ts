import type { Decoded } from '../../events/codec.ts';
import { words } from '../../events/content.ts';
import type { StoredUserFact, UserRole } from '../../events/user.ts';

/** A user as the log has it; null before the registration. */
export interface UserState {
  readonly username: string | null;
  readonly displayName: string;
  /** The number of events that changed what others see: the registration and each new display name. */
  readonly version: number;
  readonly password: boolean;
  readonly roles: readonly UserRole[];
  /** What each command led to, for its repeats. */
  readonly done: ReadonlyMap<string, Done>;
}

export interface Done {
  readonly fact: StoredUserFact;
  readonly version: number;
}

export function evolveUser(
  state: UserState | null,
  { type, data, metadata }: Pick<Decoded, 'type' | 'data' | 'metadata'>,
): UserState | null {
  const fact = { type, data } as StoredUserFact;
  const next = applyFact(state, fact);
  if (!next) return next;
  return { ...next, done: new Map([...next.done, [metadata.commandId, { fact, version: next.version }]]) };
}

function applyFact(state: UserState | null, fact: StoredUserFact): UserState | null {
  switch (fact.type) {
    case 'UserRegistered': {
      const { username, displayName, password } = fact.data;
      return { username, displayName: words(displayName), version: 1, password, roles: ['user'], done: new Map() };
    }
    case 'UserRenamed':
      return state && { ...state, displayName: words(fact.data.displayName), version: state.version + 1 };
    case 'UserPasswordChanged':
      return state && { ...state, password: true };
    case 'UserRolesSet':
      return state && { ...state, roles: fact.data.roles };
    default:
      return state; // of a type younger than this program
  }
}
