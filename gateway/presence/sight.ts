import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { type ChatId, directMembers, type UserId } from '../../events/ids.ts';
import type { Queries } from '../../queries/index.ts';
import type { Circles } from './circles.ts';
import { maySee, type Watcher } from './watcher.ts';

/** Groups that are read at once for one look. */
const GROUPS_AT_ONCE = 16;

export interface SightOptions {
  readonly queries: Pick<Queries, 'subscriptions'>;
  readonly circles: Circles<Watcher>;
  /** Resolves false where what is told of the user's chats is not complete now. */
  readonly ready: (userId: UserId) => Promise<boolean>;
  /** The views that are read hold everything that was told through here. */
  readonly told: () => number;
}

/** `null`: something has happened meanwhile that makes it out of date. */
export type Looked = Outcome<{ seen: ReadonlySet<UserId> } | null>;

/**
 * Whom a watcher may see: who shares a direct chat or a small group with it. Its chats are gone through, the newest
 * first, until everybody it wants is found; of those that were, it hears who comes and goes.
 */
export async function look(options: SightOptions, watcher: Watcher): Promise<Looked> {
  const { queries, circles, told } = options;
  const turn = ++watcher.turn;
  const stale = (): boolean => turn !== watcher.turn || !watcher.viewer.socket.open;
  if (watcher.wanted.size === 0) {
    keepOnly(options, watcher, new Set());
    return accepted({ seen: new Set<UserId>() });
  }
  if (!(await options.ready(watcher.userId))) return rejected('unavailable', 'this user is not served here just now');
  if (stale()) return accepted(null);
  const list = await queries.subscriptions(watcher.userId, told());
  if (stale()) return accepted(null);
  if (!list.ok) return list;
  const groups = list.value.filter(({ chatId }) => !addPeer(watcher, chatId));
  const missing = new Set([...watcher.wanted].filter((userId) => !maySee(watcher, userId, [])));
  const entered = new Set<ChatId>();
  for (let from = 0; from < groups.length && missing.size > 0; from += GROUPS_AT_ONCE) {
    const some = groups.slice(from, from + GROUPS_AT_ONCE);
    const own = some.map((chat) => circles.enter(watcher, chat));
    for (const { chatId } of some) entered.add(chatId);
    const loaded = await Promise.all(some.map(({ chatId }) => circles.load(watcher, chatId)));
    if (stale()) return accepted(null);
    if (loaded.includes(false)) return rejected('behind', 'who is in a chat cannot be told just now: try again');
    for (const userId of missing) if (maySee(watcher, userId, own)) missing.delete(userId);
  }
  keepOnly(options, watcher, entered);
  // Of those found first somebody may have left since.
  const now = [...circles.of(watcher)];
  return accepted({ seen: new Set([...watcher.wanted].filter((userId) => maySee(watcher, userId, now))) });
}

function addPeer(watcher: Watcher, chatId: ChatId): boolean {
  const members = directMembers(chatId);
  for (const userId of members ?? []) watcher.peers.add(userId);
  return members !== null;
}

function keepOnly({ circles }: SightOptions, watcher: Watcher, chatIds: ReadonlySet<ChatId>): void {
  const others = [...circles.of(watcher)].filter(({ chatId }) => !chatIds.has(chatId));
  for (const { chatId } of others) circles.leave(watcher, chatId);
}
