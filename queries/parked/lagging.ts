import { rfc3339 } from '../../events/codec.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { encodePosition, parsePosition } from '../../events/position.ts';
import type { Lagging } from '../api.ts';
import type { QueryDeps } from '../deps.ts';
import type { ParkedChat } from './view.ts';

/** More parked chats than this are not looked through for those of one user. */
const LOOKED_THROUGH_MAX = 100;
/** How often it is looked whether a chat goes on. */
const LOOK_EVERY_MS = 100;

export const parkedChat = async ({ parked }: QueryDeps, chatId: ChatId): Promise<ParkedChat | null> =>
  (await parked?.of(chatId)) ?? null;

export const parkedChats = async ({ parked }: QueryDeps): Promise<readonly ParkedChat[]> => (await parked?.all()) ?? [];

/** What an answer about a parked chat says beside its `asOf`: that there is more, which history does not hold. */
export async function laggingOf({ chatLog }: QueryDeps, { chatId, since }: ParkedChat): Promise<{ lagging: Lagging }> {
  const head = await chatLog.head(chatId);
  return { lagging: { headSeq: head?.seq ?? 0, since: rfc3339(since) } };
}

/** Tells with an answer about a chat that it lags. Its position is where the chat's views are, not where all others are. */
export async function tellLagging<T extends object>(
  deps: QueryDeps,
  chatId: ChatId,
  read: () => Promise<Outcome<T>>,
): Promise<Outcome<T & { lagging?: Lagging }>> {
  const stopped = await parkedChat(deps, chatId); // before it is read: who goes on meanwhile has been told too much
  const answer = await read();
  if (!stopped || !answer.ok) return answer;
  const { position } = answer.value as { position?: string };
  return accepted({
    ...answer.value,
    ...(position !== undefined && { position: notBeyond(deps, position, stopped.position) }),
    ...(await laggingOf(deps, stopped)),
  });
}

function notBeyond({ epoch }: QueryDeps, position: string, stoppedAt: LogPosition): string {
  const parsed = parsePosition(position)?.position ?? 0;
  return encodePosition(epoch, Math.min(parsed, stoppedAt - 1));
}

/** The greatest position that the views hold of all chats of a user: whoever asks for what changed after it misses nothing. */
export async function positionFor(deps: QueryDeps, userId: UserId): Promise<LogPosition> {
  const position = deps.progress.position();
  const stopped = (await parkedChats(deps)).filter((chat) => chat.position <= position);
  let least = position;
  for (const [n, chat] of stopped.entries()) {
    const concerns = n >= LOOKED_THROUGH_MAX || (await isMember(deps, userId, chat.chatId));
    if (concerns) least = Math.min(least, chat.position - 1);
  }
  return least;
}

async function isMember({ access }: QueryDeps, userId: UserId, chatId: ChatId): Promise<boolean> {
  const known = await access(chatId, userId);
  return known !== null && known.role !== null;
}

/** Whether all views of a chat hold everything up to a position: false for a parked one that stays behind it. */
export async function chatReached(
  deps: QueryDeps,
  { position, withinMs, chatId }: { position: LogPosition; withinMs: number; chatId: ChatId },
): Promise<boolean> {
  for (const endAt = performance.now() + withinMs; ; ) {
    const stopped = await parkedChat(deps, chatId);
    if (!stopped || stopped.position > position) return true;
    if (performance.now() >= endAt) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
