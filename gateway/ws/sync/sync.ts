import { accepted, type Outcome, rejected } from '../../../events/error-codes.ts';
import type { LogPosition } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { encodePosition, parsePosition } from '../../../events/position.ts';
import { BEHIND_WAIT_MS, type Subscription } from '../../../queries/index.ts';
import { SLOT_WAIT_MS } from '../../slots/limits.ts';
import type { Connection } from '../connection.ts';
import { goneFrame, type ResyncReason, resyncAllFrame, resyncFrame } from '../frames.ts';
import type { ConnectedUser } from '../hub/directory.ts';
import { enter, Flow, leave, type Membership, type Phase } from '../hub/room.ts';
import type { Services } from '../services.ts';
import { seqsAt } from './since.ts';

export interface SyncInput {
  readonly chats: Readonly<Record<ChatId, number>>;
  readonly since: string | null;
  readonly more: boolean;
  readonly limit: number;
}

interface Sync {
  readonly services: Services;
  readonly connection: Connection;
  readonly input: SyncInput;
  readonly user: ConnectedUser;
}

type Answer = Outcome<{ caughtUp?: true; position?: string }>;

/** One call of `sync` (PROTOCOL §6). Calls of one socket run one after the other. */
export async function runSync(services: Services, connection: Connection, input: SyncInput): Promise<Answer> {
  const { hub, log } = services;
  // A call that waited behind another may find its socket gone, and nobody would take that one out of the hub again.
  if (!connection.socket.open) return rejected('unavailable', 'the socket has closed');
  let since: number | null = null;
  if (input.since !== null) {
    const parsed = parsePosition(input.since);
    if (parsed === null) return rejected('bad-request', 'since: not a position: hand back what the server gave');
    if (parsed.epoch !== log.epoch) return forgetAll(services, connection);
    since = parsed.position;
  }
  if (!(await isServed(services, connection))) return rejected('unavailable', 'this user is not served here just now');
  if (!(await hub.reached(await goalOf(services, connection), BEHIND_WAIT_MS))) return behind();
  if (!connection.socket.open) return rejected('unavailable', 'the socket has closed');
  const { misses } = hub.directory;
  const user = await hub.register(connection);
  if (!user.ok) return user;
  const sync: Sync = { services, connection, input, user: user.value };
  if (await clientIsAhead(sync, since)) {
    const head = await log.head();
    if (since !== null && since > head) return forgetAll(services, connection);
    if (!(await hub.reached(head, BEHIND_WAIT_MS))) return behind();
  }
  const list = await services.queries.subscriptions(connection.userId, hub.told());
  if (!list.ok) return list;
  const seqs = since === null ? null : await seqsAt(services, { userId: connection.userId, since, chats: list.value });
  if (seqs !== null && !seqs.ok) return seqs;
  if (!connection.socket.open) return rejected('unavailable', 'the socket has closed');
  if (hub.directory.misses !== misses) return behind();
  const backlogs = begin(sync, list.value, seqs?.value ?? null);
  await Promise.all(backlogs.map((flow) => connection.pump.catchUp(flow, true)));
  if (hub.directory.misses !== misses) return behind();
  if (input.more) return accepted({});
  return accepted({ caughtUp: true, position: encodePosition(log.epoch, hub.position()) });
}

/** Where its slot is not, and will not be at once, the client goes to where it is. */
async function isServed({ slots, moves }: Services, connection: Connection): Promise<boolean> {
  const { userId } = connection;
  if (!slots || slots.serves(userId) || (await slots.served(userId, SLOT_WAIT_MS))) return true;
  moves.redirect(connection);
  return false;
}

/**
 * What was there before is no news, and what was acknowledged before is in the answer: deliveries that lag behind the
 * log are waited for. A log that cannot be asked acknowledges nothing either.
 */
async function goalOf({ slots, log, logger }: Services, { openedAt }: Connection): Promise<LogPosition> {
  if (!slots) return openedAt;
  try {
    return Math.max(openedAt, await log.head());
  } catch (error) {
    logger.warn({ err: error }, 'a sync does not know where the log ends');
    return openedAt;
  }
}

const behind = (): Answer => rejected('behind', 'the feed has not come as far as the client: try again');

/** Everything the client knows is from before the log was restored. */
function forgetAll(services: Services, connection: Connection): Answer {
  for (const flow of connection.flows.values()) leave(flow);
  services.hub.unregister(connection);
  connection.namedInSync.clear();
  services.counters.resyncs.epoch += 1;
  connection.outbox.push(resyncAllFrame('epoch'), null);
  return accepted({ caughtUp: true, position: encodePosition(services.log.epoch, services.hub.position()) });
}

/** Whether the client knows of something that the feed has not told yet: an answer may arrive before its push. */
async function clientIsAhead({ services, input, user }: Sync, since: number | null): Promise<boolean> {
  if (since !== null && since > services.hub.position()) return true;
  return Object.entries(input.chats).some(([chatId, seq]) => {
    const membership = user.memberships.get(chatId);
    return !membership || seq > membership.room.headSeq;
  });
}

/** Decides for each chat where the socket stands. Returns those with a backlog, newest first. */
function begin(sync: Sync, list: readonly Subscription[], seqsSince: ReadonlyMap<ChatId, number> | null): Flow[] {
  const { connection, input, user } = sync;
  const listed = new Map(list.map((chat) => [chat.chatId, chat]));
  const named = Object.keys(input.chats);
  // Only the user's own: ids made up without end would else be remembered without end.
  for (const chatId of named) if (user.memberships.has(chatId)) connection.namedInSync.add(chatId);
  const backlogs: Flow[] = [];
  for (const chatId of new Set([...listed.keys(), ...named, ...user.memberships.keys()])) {
    const membership = user.memberships.get(chatId);
    const lastSeq = input.chats[chatId] ?? seqsSince?.get(chatId);
    const seen = listed.get(chatId);
    // The views may be ahead of the feed, whose events then find their receivers served already.
    if (membership && seen) membership.room.headSeq = Math.max(membership.room.headSeq, seen.headSeq);
    if (!membership) {
      if (Object.hasOwn(input.chats, chatId)) connection.outbox.push(goneFrame(chatId), null);
    } else if (lastSeq !== undefined) {
      const flow = resume(sync, membership, { lastSeq, visibleFrom: seen?.visibleFrom ?? 1 });
      if (flow?.phase === 'backlog') backlogs.push(flow);
    } else if (!input.more && !connection.namedInSync.has(chatId) && !connection.flows.has(chatId)) {
      halt(sync, membership, 'new');
    }
  }
  if (!input.more) connection.namedInSync.clear();
  return backlogs;
}

function resume(sync: Sync, membership: Membership, from: { lastSeq: number; visibleFrom: number }): Flow | null {
  const { room } = membership;
  const known = sync.connection.flows.get(room.chatId);
  if (from.lastSeq > room.headSeq) return halt(sync, membership, 'epoch');
  if (known?.phase === 'live') return known;
  if (known?.phase === 'backlog') {
    known.sentSeq = Math.max(known.sentSeq, from.lastSeq);
    return known;
  }
  const sentSeq = Math.max(from.lastSeq, from.visibleFrom - 1);
  if (room.headSeq - sentSeq > sync.input.limit) return halt(sync, membership, 'far-behind');
  const phase: Phase = sentSeq >= room.headSeq && membership.sight ? 'live' : 'backlog';
  return place(sync, membership, { phase, sentSeq });
}

/** Nothing of this chat is pushed until the client's next `sync` of it. */
function halt(sync: Sync, membership: Membership, reason: ResyncReason): null {
  const { chatId, headSeq } = membership.room;
  place(sync, membership, { phase: 'resync', sentSeq: headSeq });
  sync.services.counters.resyncs[reason] += 1;
  sync.connection.outbox.push(resyncFrame(chatId, headSeq, reason), null);
  return null;
}

function place({ connection }: Sync, membership: Membership, start: { phase: Phase; sentSeq: number }): Flow {
  const known = connection.flows.get(membership.room.chatId);
  if (known) leave(known);
  const flow = new Flow(connection, membership, start);
  enter(flow);
  return flow;
}
