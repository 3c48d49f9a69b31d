import type { UserId } from '../../events/ids.ts';
import type { Connection } from './connection.ts';

/** The open sockets, by what they are looked up by. */
export interface Registry {
  readonly all: ReadonlySet<Connection>;
  /** Returns the socket of the same session that was open before. */
  add(connection: Connection): Connection | null;
  remove(connection: Connection): void;
  ofSession(sessionId: string): Connection | null;
  ofUser(userId: UserId): number;
  ofAddress(address: string): number;
}

export function createRegistry(): Registry {
  const all = new Set<Connection>();
  const sessions = new Map<string, Connection>();
  const users = new Map<UserId, number>();
  const addresses = new Map<string, number>();
  return {
    all,
    add(connection) {
      const { sessionId, userId } = connection.principal;
      const before = sessions.get(sessionId) ?? null;
      all.add(connection);
      sessions.set(sessionId, connection);
      change(users, userId, 1);
      change(addresses, connection.socket.data.address, 1);
      return before;
    },
    remove(connection) {
      if (!all.delete(connection)) return;
      const { sessionId, userId } = connection.principal;
      if (sessions.get(sessionId) === connection) sessions.delete(sessionId);
      change(users, userId, -1);
      change(addresses, connection.socket.data.address, -1);
    },
    ofSession: (sessionId) => sessions.get(sessionId) ?? null,
    ofUser: (userId) => users.get(userId) ?? 0,
    ofAddress: (address) => addresses.get(address) ?? 0,
  };
}

function change<K>(tally: Map<K, number>, key: K, by: number): void {
  const now = (tally.get(key) ?? 0) + by;
  if (now === 0) tally.delete(key);
  else tally.set(key, now);
}
