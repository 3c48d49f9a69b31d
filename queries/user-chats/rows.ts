import { MalformedEvent } from '../../events/codec.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { type QueryDeps, STALE_RIGHTS_MS } from '../deps.ts';
import { parkedChats } from '../parked/lagging.ts';
import type { ParkedChat } from '../parked/view.ts';
import type { Viewer } from '../viewer.ts';
import { type Access, sightOf } from '../visibility/index.ts';
import type { UserChatRow } from './view.ts';

export interface SeenRow {
  row: UserChatRow;
  viewer: Viewer;
  /** Where history lags. */
  parked: ParkedChat | null;
  /** Of the chat, as far as anybody here knows. */
  headSeq: number;
}

/** The rows of chats that the user may still see: by the view, or by the log itself where the view lags too much. */
export async function seenRows(deps: QueryDeps, userId: UserId, rows: readonly UserChatRow[]): Promise<SeenRow[]> {
  const stale = deps.progress.lagMs() > STALE_RIGHTS_MS;
  const stopped = new Map((await parkedChats(deps)).map((chat) => [chat.chatId, chat]));
  const seen = await Promise.all(
    rows.map(async (row) => {
      const parked = stopped.get(row.chatId) ?? null;
      const viewed = rowAccess(row); // what they saw before they see still
      const access = stale || parked ? await accessOr(deps, { chatId: row.chatId, userId }, viewed) : viewed;
      const viewer = asViewer(userId, row, access);
      return viewer === null ? [] : [{ row, viewer, parked, headSeq: Math.max(row.headSeq, access?.headSeq ?? 0) }];
    }),
  );
  return seen.flat();
}

/** As the log has it; `otherwise` where it is damaged, and cannot tell: one chat must not take all others away. */
export async function accessOr(
  deps: QueryDeps,
  { chatId, userId }: { chatId: ChatId; userId: UserId },
  otherwise: Access | null,
): Promise<Access | null> {
  try {
    return await deps.access(chatId, userId);
  } catch (error) {
    if (error instanceof MalformedEvent) return otherwise;
    throw error;
  }
}

const rowAccess = (row: UserChatRow): Access => ({ ...row, spans: row.stays });

function asViewer(userId: UserId, row: UserChatRow, access: Access | null): Viewer | null {
  const since = access?.spans.at(-1)?.from;
  if (access === null || access.role === null || since === undefined) return null;
  const { chatId, headSeq } = row;
  return { userId, chatId, role: access.role, access, sight: sightOf(access), since, head: headSeq };
}
