import type { UserId } from '../../events/ids.ts';

/** Users: those who can be found and named. Imported authors have no username. */
export interface UserRow {
  userId: UserId;
  username: string | null;
  displayName: string;
}

export interface UsersReader {
  user(userId: UserId): Promise<UserRow | null>;
  /**
   * Users whose username or display name begins with (or, by configuration, contains) the folded text, in order of
   * username, or of userId where there is none; `after` is that of the last one of the page before.
   */
  search(query: { text: string; mode: 'prefix' | 'part'; after?: string; limit: number }): Promise<UserRow[]>;
}
