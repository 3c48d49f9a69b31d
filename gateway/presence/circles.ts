import type { ChatId, UserId } from '../../events/ids.ts';
import type { Queries } from '../../queries/index.ts';
import type { Gate } from '../ws/gate.ts';
import { type Circle, createCircle, isSmall, takeMove } from './circle.ts';
import { PRESENCE_MAX_MEMBERS } from './limits.ts';
import type { ChatMove } from './moves.ts';

interface Entry<W> {
  readonly circle: Circle;
  readonly watchers: Set<W>;
  loading: Promise<void> | null;
  /** Moves told while the members are read. */
  early: ChatMove[];
  /** How often what is known has become worthless. */
  age: number;
}

export interface CircleMoved<W> {
  readonly circle: Circle;
  readonly watchers: ReadonlySet<W>;
  /** Its members were known, and are no more: the group is large by now, or must be read again. */
  readonly lost: boolean;
  /** It is worth looking at again. */
  readonly look: boolean;
}

/** The groups of whoever watches somebody. A group that no watcher is in is forgotten: nothing would be told of it. */
export interface Circles<W> {
  enter(watcher: W, chat: { chatId: ChatId; memberCount: number; headSeq: number }): Circle;
  leave(watcher: W, chatId: ChatId): void;
  of(watcher: W): Iterable<Circle>;
  /** Reads who is in a small group, where it is not known. False where that cannot be told now. */
  load(watcher: W, chatId: ChatId): Promise<boolean>;
  /** Null where nobody watches from within the group. */
  moved(move: ChatMove): CircleMoved<W> | null;
  /** Nothing that is known counts any more. */
  forgetAll(): void;
}

export function createCircles<W extends { readonly userId: UserId }>(
  queries: Pick<Queries, 'members'>,
  gate: Gate,
): Circles<W> {
  const entries = new Map<ChatId, Entry<W>>();
  const entered = new Map<W, Map<ChatId, Circle>>();
  return {
    enter(watcher, { chatId, memberCount, headSeq }) {
      const entry = entries.get(chatId) ?? {
        circle: createCircle(chatId, { size: memberCount, seq: headSeq }),
        watchers: new Set(),
        loading: null,
        early: [],
        age: 0,
      };
      entries.set(chatId, entry);
      entry.watchers.add(watcher);
      const own = entered.get(watcher) ?? new Map<ChatId, Circle>();
      entered.set(watcher, own.set(chatId, entry.circle));
      return entry.circle;
    },
    leave(watcher, chatId) {
      const entry = entries.get(chatId);
      if (entry?.watchers.delete(watcher) && entry.watchers.size === 0) entries.delete(chatId);
      const own = entered.get(watcher);
      if (own?.delete(chatId) && own.size === 0) entered.delete(watcher);
    },
    of: (watcher) => entered.get(watcher)?.values() ?? [],
    async load(watcher, chatId) {
      const entry = entries.get(chatId);
      if (!entry || !isSmall(entry.circle) || entry.circle.members) return true;
      entry.loading ??= gate
        .run(() => load(queries, entry, watcher.userId))
        .finally(() => {
          entry.loading = null;
        });
      await entry.loading;
      return entry.circle.members !== null || !isSmall(entry.circle);
    },
    moved(move) {
      const entry = entries.get(move.chatId);
      if (!entry) return null;
      if (entry.loading) entry.early.push(move);
      const { circle, watchers } = entry;
      const before = { members: circle.members, small: isSmall(circle) };
      const unsure = takeMove(circle, move) === 'unsure' && isSmall(circle);
      const lost = before.members !== null && circle.members === null;
      return { circle, watchers, lost, look: unsure || (!before.small && isSmall(circle)) };
    },
    forgetAll() {
      for (const entry of entries.values()) {
        entry.circle.members = null;
        entry.age += 1;
      }
    },
  };
}

async function load<W>(queries: Pick<Queries, 'members'>, entry: Entry<W>, viewer: UserId): Promise<void> {
  const { circle, age } = entry;
  entry.early = [];
  const page = await queries.members(viewer, circle.chatId, { limit: PRESENCE_MAX_MEMBERS + 1 });
  const early = entry.early;
  entry.early = [];
  if (!page.ok || entry.age !== age) return; // who asked has just left, or the views lag: somebody else asks, or the same one again
  const { members, asOf } = page.value;
  Object.assign(circle, { loadedSeq: asOf.seq, seq: asOf.seq, size: members.length });
  circle.members = isSmall(circle) ? new Set(members.map(({ userId }) => userId)) : null;
  for (const move of early) takeMove(circle, move);
}
