import type { Role } from '../events/chat.ts';
import { accepted, type Outcome } from '../events/error-codes.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import { parsePosition } from '../events/position.ts';
import { behind, chatNotFound } from './answers.ts';
import { BEHIND_WAIT_MS, type QueryDeps, STALE_RIGHTS_MS } from './deps.ts';
import { parkedChat } from './parked/lagging.ts';
import { type Access, type Sight, sightOf } from './visibility/index.ts';

/** Someone who may read a chat: a member of now, with what they may see. */
export interface Viewer {
  readonly userId: UserId;
  readonly chatId: ChatId;
  readonly role: Role;
  readonly access: Access;
  readonly sight: Sight;
  /** The seq of their latest coming. */
  readonly since: number;
  /** The last seq of the chat that all its views hold: what "now" means to a reader. */
  readonly head: number;
}

/**
 * Lets a member in, tells everyone else that there is no such chat. The members view is trusted while it lags by no
 * more than a second; its "no" only where it holds everything. Otherwise the log itself decides. A member whose coming
 * the views do not hold yet waits for them, or hears `behind`.
 */
export async function admit(deps: QueryDeps, userId: UserId, chatId: ChatId): Promise<Outcome<Viewer>> {
  // Who comes and goes may wait behind what is parked: the view's word counts for nothing then.
  const stopped = (await parkedChat(deps, chatId)) !== null;
  const [viewed, history] = await Promise.all([viewedAccess(deps, userId, chatId), deps.chatHistory.head(chatId)]);
  const head = Math.min(viewed?.headSeq ?? 0, history);
  const viewer = asViewer(userId, chatId, { access: viewed, head });
  const lagMs = deps.progress.lagMs();
  if (viewer !== null && lagMs <= STALE_RIGHTS_MS && head >= viewer.since && !stopped) return accepted(viewer);
  if (viewed !== null && viewer === null && lagMs === 0 && !stopped) return chatNotFound();

  const access = await deps.access(chatId, userId);
  const member = asViewer(userId, chatId, { access, head });
  if (member === null) return chatNotFound();
  if (head >= member.since) return accepted(member);
  return (await holds(deps, chatId, member.since))
    ? accepted({ ...member, head: await viewHead(deps, chatId) })
    : behind();
}

/**
 * Lets a member in to the chat's log, which may be ahead of the views: rights are those of `logHead` or later, so that
 * nothing is seen beyond a leaving that the views do not know of yet.
 */
export async function admitToLog(
  deps: QueryDeps,
  userId: UserId,
  chatId: ChatId,
  logHead: number,
): Promise<Outcome<Viewer>> {
  const stale = deps.progress.lagMs() > STALE_RIGHTS_MS;
  const viewed = stale ? null : await viewedAccess(deps, userId, chatId);
  const current = viewed !== null && viewed.headSeq >= logHead;
  const access = current ? viewed : await deps.access(chatId, userId);
  const viewer = asViewer(userId, chatId, { access, head: logHead });
  return viewer === null ? chatNotFound() : accepted(viewer);
}

/** Whether all views of the chat hold an event, waiting for them where they do not yet. */
export async function holds(deps: QueryDeps, chatId: ChatId, seq: number): Promise<boolean> {
  if ((await viewHead(deps, chatId)) >= seq) return true;
  const [event] = await deps.chatLog.events(chatId, { after: seq - 1, limit: 1 });
  const position = event === undefined ? null : parsePosition(event.position);
  await deps.progress.reached(position?.position ?? (await deps.head()), BEHIND_WAIT_MS);
  return (await viewHead(deps, chatId)) >= seq;
}

async function viewHead(deps: QueryDeps, chatId: ChatId): Promise<number> {
  const [settings, history] = await Promise.all([deps.members.settings(chatId), deps.chatHistory.head(chatId)]);
  return Math.min(settings?.headSeq ?? 0, history);
}

async function viewedAccess(deps: QueryDeps, userId: UserId, chatId: ChatId): Promise<Access | null> {
  const [settings, own] = await Promise.all([deps.members.settings(chatId), deps.members.stays(chatId, userId)]);
  return settings === null ? null : { ...settings, role: own.role, spans: own.stays };
}

function asViewer(userId: UserId, chatId: ChatId, known: { access: Access | null; head: number }): Viewer | null {
  const { access, head } = known;
  const since = access?.spans.at(-1)?.from;
  if (access === null || access.role === null || since === undefined) return null;
  return { userId, chatId, role: access.role, access, sight: sightOf(access), since, head };
}
