import type { ParkedChat, ParkedChats } from '../../queries/parked/view.ts';
import type { Postgres } from './pool.ts';

/** Of the generations that are read, by the names that `groupName` gives them. */
const PARKED = `SELECT key AS "chatId", min(position) AS position,
    floor(extract(epoch FROM min(parked_at)) * 1000)::bigint AS since
  FROM parked WHERE grp IN (SELECT CASE generation WHEN 1 THEN grp ELSE grp || '@' || generation END
      FROM generations WHERE state = 'live')
    AND strpos(key, '-') = 0 GROUP BY key ORDER BY 2`;
/** What was seen is good for so long: a chat that is parked is told of as lagging that much later. */
const SIGHT_MAX_AGE_MS = 500;

/** Asked for all reads of a process together. */
export function parkedReader(postgres: Postgres): ParkedChats {
  let seen: ReadonlyMap<string, ParkedChat> = new Map();
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    const began = performance.now();
    const rows = await postgres.query<ParkedChat>(PARKED);
    seen = new Map(rows.map((row) => [row.chatId, row]));
    askedAt = began;
  }
  async function sight(): Promise<ReadonlyMap<string, ParkedChat>> {
    if (performance.now() - askedAt > SIGHT_MAX_AGE_MS) await (asking ??= ask().finally(() => (asking = null)));
    return seen;
  }
  return {
    of: async (chatId) => (await sight()).get(chatId) ?? null,
    all: async () => [...(await sight()).values()],
  };
}
