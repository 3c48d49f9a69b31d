import { signal } from '@preact/signals';
import {
  type ChatSummary,
  type ConnectionState,
  connect,
  type HindsightError,
  type StopReason,
  type User,
} from '../../sdk/index.ts';
import { tabQueue, tabSessions } from './stores.ts';

export const hindsight = connect({
  url: location.origin,
  sessions: tabSessions,
  queue: tabQueue,
  farBehind: 'reload',
});

export const user = signal<User | null>(null);
export const connection = signal<ConnectionState>('idle');
/** Why it will not come back by itself; null while it will. */
export const stopped = signal<StopReason | null>(null);
export const chats = signal<readonly ChatSummary[]>([]);
export const listed = signal(false);
/** The last thing that went wrong, until it is read. */
export const notice = signal<string | null>(null);

hindsight.session.events.on('started', (session) => {
  user.value = session.user;
});
hindsight.session.events.on('ended', () => {
  // A fresh page: nothing of one user may stay on the screen of the next.
  history.replaceState(null, '', location.pathname);
  location.reload();
});
hindsight.socket.events.on('state', (state) => {
  connection.value = state;
  if (state === 'open') stopped.value = null;
});
hindsight.socket.events.on('stopped', (reason) => {
  stopped.value = reason;
});
hindsight.chats.events.on('changed', (list) => {
  chats.value = list;
});
hindsight.sync.events.on('listed', () => {
  listed.value = true;
});

/** Says it to the user. For what a click has asked for: a background task tries again by itself. */
export function tell(error: unknown): void {
  notice.value = error instanceof Error ? describe(error as HindsightError) : String(error);
}

function describe(error: HindsightError): string {
  const fields = (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`).join('; ');
  return fields === '' ? error.message : `${error.message} (${fields})`;
}
