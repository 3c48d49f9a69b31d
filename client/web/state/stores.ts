import type { QueuedMessage, QueueStore, SessionStore, StoredSession } from '../../sdk/index.ts';

const SESSION = 'hindsight.session';
const QUEUE = 'hindsight.queue';

/** Per tab: two tabs with one session would close each other's connection. */
export const tabSessions: SessionStore = {
  load: () => Promise.resolve(read<StoredSession>(SESSION)),
  save: (session) => Promise.resolve(sessionStorage.setItem(SESSION, JSON.stringify(session))),
  clear: () => {
    sessionStorage.removeItem(QUEUE);
    return Promise.resolve(sessionStorage.removeItem(SESSION));
  },
};

export const tabQueue: QueueStore = {
  load: () => Promise.resolve(read<QueuedMessage[]>(QUEUE) ?? []),
  save: (messages) => Promise.resolve(sessionStorage.setItem(QUEUE, JSON.stringify(messages))),
};

function read<T>(key: string): T | null {
  const text = sessionStorage.getItem(key);
  return text === null ? null : (JSON.parse(text) as T);
}
