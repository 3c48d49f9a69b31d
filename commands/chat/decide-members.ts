import type { StoredChatFact } from '../../events/chat.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import { GROUP_MAX_MEMBERS } from '../../events/limits.ts';
import type { ChatCommand } from '../api.ts';
import { type ChatState, roleOf } from './state.ts';

export type Decision = Outcome<readonly StoredChatFact[]>;

const already: Decision = accepted([]);

/** Adds a member or changes a role; the actor is a member. */
export function putMember(
  state: ChatState,
  command: ChatCommand & { type: 'put-member' },
  missing: ReadonlySet<UserId>,
): Decision {
  const { userId, role } = command;
  if (state.head.kind === 'direct') return refuseDirect();
  if (roleOf(state, command.actor) !== 'admin')
    return rejected('forbidden', 'only an admin adds members and changes roles');
  const present = roleOf(state, userId);
  if (present === null) {
    if (missing.has(userId)) return rejected('user-not-found', `there is no user ${userId}`);
    if (state.head.members >= GROUP_MAX_MEMBERS)
      return rejected('group-full', `a group has at most ${GROUP_MAX_MEMBERS} members`);
    return accepted([{ type: 'MemberAdded', data: { userId, role: role ?? 'member' } }]);
  }
  if (role === undefined || role === present) return already;
  if (present === 'admin' && state.head.admins === 1) {
    return rejected('forbidden', 'the last admin cannot step down before another stands');
  }
  return accepted([{ type: 'MemberRoleChanged', data: { userId, role } }]);
}

/** Removes a member, or lets the actor leave; the actor is a member. */
export function removeMember(state: ChatState, command: ChatCommand & { type: 'remove-member' }): Decision {
  const { userId, actor } = command;
  if (state.head.kind === 'direct') return refuseDirect();
  if (userId !== actor && roleOf(state, actor) !== 'admin')
    return rejected('forbidden', 'only an admin removes others');
  const role = roleOf(state, userId);
  if (role === null) return already;
  const gone: StoredChatFact = { type: 'MemberRemoved', data: { userId } };
  const heir = role === 'admin' && state.head.admins === 1 ? longestStanding(state, userId) : null;
  return accepted(
    heir === null ? [gone] : [gone, { type: 'MemberRoleChanged', data: { userId: heir, role: 'admin' } }],
  );
}

/** Who has been a member without a break for longest, the one who goes apart; among equals, who is named first. */
function longestStanding(state: ChatState, leaving: UserId): UserId | null {
  let heir: UserId | null = null;
  let since = Number.POSITIVE_INFINITY;
  for (const [userId, member] of state.members) {
    const from = member.spans.at(-1)?.from ?? since;
    if (member.role === null || userId === leaving || from >= since) continue;
    heir = userId;
    since = from;
  }
  return heir;
}

const refuseDirect = (): Decision => rejected('direct-chat', 'a direct chat has the members it has, and no admin');
