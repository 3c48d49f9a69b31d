import * as z from 'zod';
import { Content } from './content.ts';
import { UserId } from './ids.ts';

/** The events of `user-<userId>` and of the reservation stream `username-<name>`. Never a secret among them. */
export const UserRole = z.enum(['user', 'analyst', 'analyst:content', 'ops', 'admin']);
export type UserRole = z.infer<typeof UserRole>;

export const StoredUserData = {
  /** `password: false` for authors that came with an import: nobody can sign in as them. */
  UserRegistered: z.object({
    username: z.string().nullable(),
    displayName: Content,
    password: z.boolean(),
    source: z.string().optional(),
  }),
  UserRenamed: z.object({ displayName: Content }),
  /** The hash itself lives in `accounts`; the log only knows that it changed. */
  UserPasswordChanged: z.object({}),
  /** The roles that a user has from now on, given on the command line. */
  UserRolesSet: z.object({ roles: z.array(UserRole) }),
};
export const StoredUsernameData = {
  UsernameReserved: z.object({ userId: UserId }),
};

export type UserEventType = keyof typeof StoredUserData;
export type StoredUserFact = {
  [T in UserEventType]: { type: T; data: z.infer<(typeof StoredUserData)[T]> };
}[UserEventType];
