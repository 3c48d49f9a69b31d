import { sightOf } from '../../../queries/index.ts';
import { goneFrame } from '../frames.ts';
import {
  addMembership,
  type Coming,
  type ConnectedUser,
  type Directory,
  rememberLeaving,
  removeMembership,
} from './directory.ts';
import { enter, Flow, type Phase, type Room } from './room.ts';

/** What a `ChatStarted` tells besides who came: with it nothing needs to be read. */
export interface Beginning {
  readonly rule: NonNullable<Room['rule']>;
  readonly memberCount: number;
}

export interface ComingOptions {
  readonly directory: Directory;
  readonly beginning?: Beginning;
  /** True while the coming's own event is about to be pushed: what it needs not read, it need not wait for. */
  readonly live?: boolean;
}

/**
 * Someone connected came into a chat or left it. What the views' answer already held, or was told before, changes
 * nothing: in a cluster it may come twice, or after what followed it.
 */
export function applyComing(options: ComingOptions, user: ConnectedUser, coming: Coming): void {
  if (user.early !== null) {
    if (user.loading !== null) user.early.push(coming); // otherwise it is read when the client next asks
    return;
  }
  if (coming.seq <= (user.left?.get(coming.chatId) ?? 0)) return;
  if ((user.memberships.get(coming.chatId)?.since ?? 0) >= coming.seq) return;
  if (coming.joined) join(options, user, coming);
  else part(options, user, coming);
}

function join({ directory, beginning, live }: ComingOptions, user: ConnectedUser, { chatId, seq }: Coming): void {
  const membership = addMembership(directory, user, chatId);
  const { room } = membership;
  room.headSeq = Math.max(room.headSeq, seq);
  if (beginning) {
    room.rule = beginning.rule;
    room.counted = { members: beginning.memberCount, seq };
    membership.sight = sightOf({ ...beginning.rule, spans: [{ from: seq, to: null }] });
  }
  membership.since = seq;
  // Where all history is everyone's, earlier stays make no difference.
  if (room.rule?.historyVisibility === 'all') membership.sight ??= sightOf({ ...room.rule, spans: [] });
  const phase: Phase = live === true && membership.sight ? 'live' : 'backlog';
  for (const receiver of user.receivers) {
    if (receiver.flows.has(chatId)) continue;
    const flow = new Flow(receiver, membership, { phase, sentSeq: seq - 1 });
    enter(flow);
    if (phase === 'backlog') receiver.catchUp(flow);
  }
}

function part({ directory }: ComingOptions, user: ConnectedUser, { chatId, seq }: Coming): void {
  rememberLeaving(user, chatId, seq);
  // What was being read may not be read any more: the client is told, instead of a silence.
  for (const flow of removeMembership(directory, user, chatId)) flow.receiver.outbox.push(goneFrame(chatId), null);
}
