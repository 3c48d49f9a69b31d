import { accepted, type Outcome } from '../../../events/error-codes.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { parsePosition } from '../../../events/position.ts';
import type { Subscription } from '../../../queries/index.ts';
import { LIST_MAX_LIMIT } from '../../requests.ts';
import { SYNC_LIMIT } from '../limits.ts';
import type { Services } from '../services.ts';

interface Since {
  readonly userId: UserId;
  readonly since: number;
  readonly chats: readonly Subscription[];
}

/** Per chat the last seq at or before a log position: where `sync` with `since` goes on. */
export async function seqsAt(
  services: Services,
  { userId, since, chats }: Since,
): Promise<Outcome<Map<ChatId, number>>> {
  const changed = await changedAfter(services, userId, since);
  if (!changed.ok) return changed;
  const seqs = new Map<ChatId, number>();
  for (const chat of chats) {
    if (!changed.value.has(chat.chatId)) {
      seqs.set(chat.chatId, chat.headSeq);
      continue;
    }
    const seq = await seqAt(services, { userId, since, chat });
    if (!seq.ok) return seq;
    seqs.set(chat.chatId, seq.value);
  }
  return accepted(seqs);
}

async function changedAfter({ queries }: Services, userId: UserId, since: number): Promise<Outcome<Set<ChatId>>> {
  const chatIds = new Set<ChatId>();
  let cursor: string | null = null;
  do {
    const page = await queries.chats(userId, { changedAfter: since, limit: LIST_MAX_LIMIT, ...(cursor && { cursor }) });
    if (!page.ok) return page;
    for (const { chatId } of page.value.chats) chatIds.add(chatId);
    cursor = page.value.next;
  } while (cursor !== null);
  return accepted(chatIds);
}

interface Search {
  readonly userId: UserId;
  readonly since: number;
  readonly chat: Subscription;
}

/**
 * Steps back from the head in strides that double, then halves what is left: a client is seldom far behind. It stops
 * where the backlog would be longer than a `sync` sends, for the exact seq matters no more.
 */
async function seqAt(services: Services, search: Search): Promise<Outcome<number>> {
  const { headSeq, visibleFrom } = search.chat;
  let before = visibleFrom - 1;
  let after = headSeq + 1;
  for (let stride = 1; after - before > 1; stride *= 2) {
    const galloping = before === visibleFrom - 1 && stride > 0;
    if (galloping && headSeq - after > SYNC_LIMIT) break;
    const seq = galloping ? Math.max(before + 1, after - stride) : before + ((after - before) >> 1);
    const isAfter = await isLaterThan(services, search, seq);
    if (!isAfter.ok) return isAfter;
    if (isAfter.value) after = seq;
    else before = seq;
  }
  return accepted(after - 1);
}

async function isLaterThan(
  { queries }: Services,
  { userId, since, chat }: Search,
  seq: number,
): Promise<Outcome<boolean>> {
  const page = await queries.events(userId, chat.chatId, { after: seq - 1, limit: 1, through: seq });
  if (!page.ok) return page;
  const position = parsePosition(page.value.events[0]?.position ?? '')?.position;
  return accepted(position === undefined || position > since);
}
