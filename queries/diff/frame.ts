import type { Role } from '../../events/chat.ts';
import type { UserId } from '../../events/ids.ts';
import type { Diff } from '../api.ts';
import type { QueryDeps } from '../deps.ts';
import { frameOf } from '../members/frame.ts';
import type { Viewer } from '../viewer.ts';
import { frameSeq } from '../visibility/index.ts';
import type { Range } from './range.ts';

const MEMBERS_PAGE = 1_000;
const FRAME_TYPES: ReadonlySet<string> = new Set([
  'ChatStarted',
  'ChatRenamed',
  'MemberAdded',
  'MemberRemoved',
  'MemberRoleChanged',
]);

/**
 * Title and members as the viewer knows them at both points: read only where something of them can have changed. What
 * changed while the viewer was away shows at their coming, which is such an event too.
 */
export async function frameDiff(
  deps: QueryDeps,
  viewer: Viewer,
  range: Range,
): Promise<Pick<Diff, 'members' | 'title'>> {
  const [from, to] = [frameSeq(viewer.sight, range.from.seq), frameSeq(viewer.sight, range.to.seq)];
  if (!range.events.some(({ type }) => FRAME_TYPES.has(type))) {
    return { members: { added: [], removed: [], roles: [] }, title: null };
  }
  const [before, after, { title: titleBefore }, { title: titleAfter }] = await Promise.all([
    rolesAt(deps, viewer, from),
    rolesAt(deps, viewer, to),
    frameOf(deps, viewer, range.from.seq),
    frameOf(deps, viewer, range.to.seq),
  ]);
  return {
    members: membersDiff(before, after),
    title: titleBefore === titleAfter ? null : { before: titleBefore, after: titleAfter },
  };
}

export function membersDiff(before: ReadonlyMap<UserId, Role>, after: ReadonlyMap<UserId, Role>): Diff['members'] {
  const roles: Diff['members']['roles'] = [];
  for (const [userId, role] of after) {
    const was = before.get(userId);
    if (was !== undefined && was !== role) roles.push({ userId, before: was, after: role });
  }
  return {
    added: [...after.keys()].filter((userId) => !before.has(userId)),
    removed: [...before.keys()].filter((userId) => !after.has(userId)),
    roles,
  };
}

async function rolesAt(deps: QueryDeps, viewer: Viewer, through: number): Promise<Map<UserId, Role>> {
  const roles = new Map<UserId, Role>();
  let after = '';
  while (through > 0) {
    const page = await deps.members.membersAsOf(viewer.chatId, { through, after, limit: MEMBERS_PAGE });
    for (const { userId, role } of page) roles.set(userId, role);
    after = page.at(-1)?.userId ?? after;
    if (page.length < MEMBERS_PAGE) break;
  }
  return roles;
}
