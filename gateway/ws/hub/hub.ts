import { accepted, type Outcome, rejected } from '../../../events/error-codes.ts';
import type { LogPosition } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import type { Signal } from '../../signals/port.ts';
import { applyComing } from './comings.ts';
import type { HubContext, Watch, Watches } from './context.ts';
import {
  type ConnectedUser,
  createDirectory,
  type Directory,
  forgetMemberships,
  removeReceiver,
  takeSubscriptions,
} from './directory.ts';
import { type Feed, startFeed } from './feed.ts';
import { readAgain } from './repaired.ts';
import type { Receiver } from './room.ts';
import { pushTyping } from './typing.ts';

/** The live feed on one side, sockets on the other. */
export interface Hub {
  readonly directory: Directory;
  /** Everything up to here has been pushed. Never falls. */
  position(): LogPosition;
  /** The greatest position that anything was told of: views that hold it know of all that was pushed. */
  told(): LogPosition;
  /** Resolves true once everything up to the position has been pushed, false after `withinMs`. */
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  /** From here on the user's comings and goings are followed, and new chats pushed to this socket. */
  register(receiver: Receiver): Promise<Outcome<ConnectedUser>>;
  unregister(receiver: Receiver): void;
  typing(signal: Extract<Signal, { kind: 'typing' }>): void;
  /** Everybody who follows the chat is told to read it again. */
  repaired(chatId: ChatId): void;
  watch(watch: Watch): () => void;
  close(): Promise<void>;
}

export async function startHub(context: HubContext): Promise<Hub> {
  const directory = createDirectory();
  const watches: Watches = new Map();
  const feed = startFeed({ ...context, directory, watches }, await context.feed.head());
  return {
    directory,
    position: feed.position,
    told: feed.told,
    reached: feed.reached,
    register: (receiver) => register({ context, directory, feed }, receiver),
    unregister: (receiver) => removeReceiver(directory, receiver),
    typing: (signal) => pushTyping(directory, signal),
    repaired: (chatId) => readAgain(directory, context.counters, chatId),
    watch: (watch) => addWatch(watches, watch),
    close: feed.close,
  };
}

interface Registration {
  context: HubContext;
  directory: Directory;
  feed: Feed;
}

/**
 * The race of a first `sync`: the user is in the directory before the views are asked, so that nobody comes or goes
 * unseen. What the feed told meanwhile is applied after the answer, in its order; what the answer held already is known
 * by its seq.
 */
async function register(registration: Registration, receiver: Receiver): Promise<Outcome<ConnectedUser>> {
  const { directory } = registration;
  let user = directory.users.get(receiver.userId);
  if (!user) {
    user = {
      userId: receiver.userId,
      receivers: new Set(),
      memberships: new Map(),
      early: [],
      loading: null,
      left: null,
    };
    directory.users.set(user.userId, user);
  }
  user.receivers.add(receiver);
  if (user.early === null) return accepted(user);
  user.loading ??= load(registration, user);
  const outcome = (await user.loading) as Outcome<null>;
  return outcome.ok ? accepted(user) : outcome;
}

async function load({ context, directory, feed }: Registration, user: ConnectedUser): Promise<Outcome<null>> {
  const { misses } = directory;
  user.early = [];
  try {
    const list = await context.queries.subscriptions(user.userId, feed.told());
    if (!list.ok) return list;
    if (directory.misses !== misses) return rejected('behind', 'the feed had a gap meanwhile: try again');
    takeSubscriptions(directory, user, list.value);
    const early = user.early ?? [];
    user.early = null;
    for (const coming of early) applyComing({ ...context, directory }, user, coming);
    // The user may have gone while the views were read.
    if (user.receivers.size === 0) forgetMemberships(directory, user);
    return accepted(null);
  } finally {
    user.loading = null;
  }
}

function addWatch(watches: Watches, watch: Watch): () => void {
  const set = watches.get(watch.chatId) ?? new Set();
  watches.set(watch.chatId, set.add(watch));
  return () => {
    set.delete(watch);
    if (set.size === 0 && watches.get(watch.chatId) === set) watches.delete(watch.chatId);
  };
}
