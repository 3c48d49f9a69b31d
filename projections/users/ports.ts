import type { UserId } from '../../events/ids.ts';

export interface UsersWriter {
  registered(user: { userId: UserId; username: string | null; displayName: string }): void;
  renamed(user: { userId: UserId; displayName: string }): void;
}
