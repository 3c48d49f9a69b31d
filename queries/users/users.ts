import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import { badRequest, behind, pageLimit, viewPosition } from '../answers.ts';
import type { PublicUser } from '../api.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { BEHIND_WAIT_MS, PAGE_MAX, type QueryDeps } from '../deps.ts';
import type { UserRow } from './view.ts';

const QUERY_MIN_CODE_POINTS = 3;

/** Users whose name begins with the query, or contains it where the configuration says so; `forbidden` where search is off. */
export async function users(
  deps: QueryDeps,
  asked: { query: string; cursor?: string; limit: number },
): Promise<Outcome<{ users: PublicUser[]; next: string | null; position: string }>> {
  const mode = typeof deps.userSearch === 'function' ? deps.userSearch() : deps.userSearch;
  if (mode === 'off') return rejected('forbidden', 'users cannot be searched here');
  const text = fold(asked.query);
  if (Array.from(text).length < QUERY_MIN_CODE_POINTS) return badRequest('query', 'has at least 3 characters');
  const place = asked.cursor === undefined ? accepted([null]) : decodeCursor(asked.cursor, ['s']);
  if (!place.ok) return place;
  const [after] = place.value as [string | null];
  const position = viewPosition(deps);
  const limit = pageLimit(asked.limit, PAGE_MAX);
  const rows = await deps.users.search({ text, mode, limit: limit + 1, ...(after === null ? {} : { after }) });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor([last.username ?? last.userId]) : null;
  return accepted({ users: shown.map(toUser), next, position });
}

/** One user. A user that the view does not hold yet is waited for. */
export async function user(deps: QueryDeps, userId: UserId): Promise<Outcome<PublicUser & { position: string }>> {
  const position = viewPosition(deps);
  const row = await deps.users.user(userId);
  if (row !== null) return accepted({ ...toUser(row), position });
  if (deps.progress.lagMs() > 0 && !(await deps.progress.reached(await deps.head(), BEHIND_WAIT_MS))) return behind();
  const later = await deps.users.user(userId);
  return later === null
    ? rejected('user-not-found', 'there is no such user')
    : accepted({ ...toUser(later), position });
}

/** As usernames are folded when they are registered. */
const fold = (query: string): string => query.normalize('NFKC').toLowerCase().trim();

/** Authors that came with an import have no name to sign in with: theirs is empty. */
const toUser = (row: UserRow): PublicUser => ({
  userId: row.userId,
  username: row.username ?? '',
  displayName: row.displayName,
});
