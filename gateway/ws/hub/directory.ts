import type { ChatId, UserId } from '../../../events/ids.ts';
import { type Subscription, sightOf } from '../../../queries/index.ts';
import { Flow, leave, type Membership, type Receiver, type Room } from './room.ts';

/** Someone came into a chat or left it, as the feed told. */
export interface Coming {
  readonly chatId: ChatId;
  readonly userId: UserId;
  readonly seq: number;
  readonly joined: boolean;
}

/** A user with at least one synced socket. */
export interface ConnectedUser {
  readonly userId: UserId;
  readonly receivers: Set<Receiver>;
  readonly memberships: Map<ChatId, Membership>;
  /** What the feed told while the memberships were being read; null once they are there, and until the feed misses something. */
  early: Coming[] | null;
  loading: Promise<unknown> | null;
  /** Where the user's last stays ended, as far as the feed told: a coming that is told late is known by it. */
  left: Map<ChatId, number> | null;
}

/** Chats of which a user's last leaving is remembered. */
const LEFT_MAX = 100;

/** Who is connected and which chats that concerns. Everything in it changes in the feed's order only. */
export interface Directory {
  readonly users: Map<UserId, ConnectedUser>;
  readonly rooms: Map<ChatId, Room>;
  /** How often the feed has missed something: what was read before is then worth nothing. */
  misses: number;
}

export const createDirectory = (): Directory => ({ users: new Map(), rooms: new Map(), misses: 0 });

export function roomOf(directory: Directory, chatId: ChatId): Room {
  const known = directory.rooms.get(chatId);
  if (known) return known;
  const room: Room = { chatId, headSeq: 0, rule: null, counted: null, flows: [], memberships: 0 };
  directory.rooms.set(chatId, room);
  return room;
}

export function addMembership(directory: Directory, user: ConnectedUser, chatId: ChatId): Membership {
  const known = user.memberships.get(chatId);
  if (known) return known;
  const room = roomOf(directory, chatId);
  room.memberships += 1;
  const membership: Membership = { userId: user.userId, room, sight: null, since: 0 };
  user.memberships.set(chatId, membership);
  return membership;
}

/** Takes in what the views say of a user's chats. They may be ahead of the feed: seqs decide, never the order. */
export function takeSubscriptions(directory: Directory, user: ConnectedUser, list: readonly Subscription[]): void {
  forgetOthers(directory, user, list);
  for (const chat of list) {
    const membership = addMembership(directory, user, chat.chatId);
    membership.sight = sightOf(chat);
    membership.since = chat.spans.at(-1)?.from ?? 0;
    const { room } = membership;
    room.headSeq = Math.max(room.headSeq, chat.headSeq);
    room.rule = chat;
    room.counted ??= { members: chat.memberCount, seq: chat.headSeq };
  }
}

/** Chats that the user left while the feed had a gap. */
function forgetOthers(directory: Directory, user: ConnectedUser, list: readonly Subscription[]): void {
  if (user.memberships.size === 0) return;
  const listed = new Set(list.map(({ chatId }) => chatId));
  for (const chatId of user.memberships.keys()) if (!listed.has(chatId)) removeMembership(directory, user, chatId);
}

/** The end of a stay, whether or not its beginning was told. */
export function rememberLeaving(user: ConnectedUser, chatId: ChatId, seq: number): void {
  user.left ??= new Map();
  const before = user.left.get(chatId) ?? 0;
  user.left.delete(chatId);
  user.left.set(chatId, Math.max(before, seq));
  const [oldest] = user.left.keys();
  if (user.left.size > LEFT_MAX && oldest !== undefined) user.left.delete(oldest);
}

/** The user's sockets leave the chat; those in the midst of its backlog are returned, for they must be told. */
export function removeMembership(directory: Directory, user: ConnectedUser, chatId: ChatId): Flow[] {
  const membership = user.memberships.get(chatId);
  if (!membership) return [];
  user.memberships.delete(chatId);
  const cutShort: Flow[] = [];
  for (const receiver of user.receivers) {
    const flow = receiver.flows.get(chatId);
    if (!flow) continue;
    if (flow.phase === 'backlog') cutShort.push(flow);
    leave(flow);
  }
  forget(directory, membership);
  return cutShort;
}

export function removeReceiver(directory: Directory, receiver: Receiver): void {
  for (const flow of receiver.flows.values()) leave(flow);
  const user = directory.users.get(receiver.userId);
  if (!user?.receivers.delete(receiver) || user.receivers.size > 0) return;
  directory.users.delete(user.userId);
  forgetMemberships(directory, user);
}

/** Of a user with no socket left. */
export function forgetMemberships(directory: Directory, user: ConnectedUser): void {
  for (const membership of user.memberships.values()) forget(directory, membership);
  user.memberships.clear();
}

function forget(directory: Directory, { room }: Membership): void {
  room.memberships -= 1;
  if (room.memberships === 0) directory.rooms.delete(room.chatId);
}
