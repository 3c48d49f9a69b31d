import { VIEWS } from '../../../projections/runner/ports.ts';
import type { ParkedChat, ParkedChats } from '../../../queries/parked/view.ts';
import type { Database } from '../database.ts';

/** What is parked of the views that are read, which have their own names. */
const PARKED = `SELECT key AS chatId, min(position) AS position, min(parked_at) AS since FROM parked
  WHERE grp IN (${VIEWS.map((view) => `'${view}'`).join(', ')}) AND instr(key, '-') = 0`;

export function parkedReader(db: Database): ParkedChats {
  const one = db.prepare<ParkedChat>(`${PARKED} AND key = ? GROUP BY key`);
  const all = db.prepare<ParkedChat>(`${PARKED} GROUP BY key ORDER BY 2`);
  return {
    of: async (chatId) => one.get(chatId) ?? null,
    all: async () => all.all(),
  };
}
