import type { UserId } from '../../events/ids.ts';
import type { Outbox } from '../ws/outbox.ts';
import type { Circle } from './circle.ts';

/** What this room needs of a socket. */
export interface Viewer {
  readonly userId: UserId;
  readonly outbox: Outbox;
  readonly socket: { readonly open: boolean };
}

/** One socket's wish to know who is online. */
export interface Watcher {
  readonly userId: UserId;
  readonly viewer: Viewer;
  /** Whom it asked for. */
  wanted: ReadonlySet<UserId>;
  /** Those with whom it has a direct chat; nobody leaves one. */
  readonly peers: Set<UserId>;
  /** Whom it may see, and what it was told last. */
  readonly seen: Map<UserId, boolean>;
  /** While its question is being answered, changes are part of the answer. */
  answering: boolean;
  /** Settled when the question before is answered. */
  answered: Promise<unknown>;
  /** Called when something of somebody it may see is heard, while it waits for that. */
  heard: () => void;
  /** Counts what makes a look that is under way out of date. */
  turn: number;
  timer: NodeJS.Timeout | null;
}

export const createWatcher = (viewer: Viewer): Watcher => ({
  userId: viewer.userId,
  viewer,
  wanted: new Set(),
  peers: new Set(),
  seen: new Map(),
  answering: false,
  answered: Promise.resolve(),
  heard: () => undefined,
  turn: 0,
  timer: null,
});

/** By what is known now. */
export function maySee(watcher: Watcher, userId: UserId, circles: Iterable<Circle>): boolean {
  if (userId === watcher.userId || watcher.peers.has(userId)) return true;
  for (const { members } of circles) if (members?.has(userId)) return true;
  return false;
}
