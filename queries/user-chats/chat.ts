import { accepted, type Outcome } from '../../events/error-codes.ts';
import { type ChatId, directMembers, type UserId } from '../../events/ids.ts';
import { viewPosition } from '../answers.ts';
import type { Chat, Point } from '../api.ts';
import { open } from '../as-of.ts';
import type { QueryDeps } from '../deps.ts';
import { frameOf } from '../members/frame.ts';

/** One chat as of a point. Rights, and so `role`, are the viewer's present ones; `headSeq` is the point's own seq. */
export async function chat(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  asOf?: Point,
): Promise<Outcome<Chat & { position: string }>> {
  const position = viewPosition(deps);
  const opened = await open(deps, who, asOf);
  if (!opened.ok) return opened;
  const { viewer, asOf: pin } = opened.value;
  const [frame, row] = await Promise.all([
    frameOf(deps, viewer, pin.seq),
    deps.userChats.chatOf(who.userId, who.chatId),
  ]);
  const { kind, historyVisibility, pastContent } = viewer.access;
  return accepted({
    chatId: who.chatId,
    kind,
    ...frame,
    ...peerOf(who.chatId, who.userId),
    headSeq: pin.seq,
    visibleFrom: viewer.sight.visibleFrom,
    readSeq: Math.min(pin.seq, Math.max(row?.readSeq ?? 0, viewer.since)),
    role: viewer.role,
    historyVisibility,
    pastContent,
    asOf: pin,
    position,
  });
}

/** `{peerId}` in a direct chat, nothing in a group. */
export function peerOf(chatId: ChatId, userId: UserId): { peerId?: UserId } {
  const peerId = directMembers(chatId)?.find((member) => member !== userId);
  return peerId === undefined ? {} : { peerId };
}
