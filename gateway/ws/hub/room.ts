import type { Buffer } from 'node:buffer';
import type { ChatId, UserId } from '../../../events/ids.ts';
import type { Access, Sight } from '../../../queries/index.ts';
import { goneFrame, resyncFrame } from '../frames.ts';
import type { FrameOwner, Outbox } from '../outbox.ts';

/** A chat that some connected, synced user is a member of. */
export interface Room {
  readonly chatId: ChatId;
  /** The last seq that the feed, or the view read at a user's coming, has told of. */
  headSeq: number;
  /** Null until it is known: a user was added to a chat that nobody connected was in. */
  rule: Pick<Access, 'historyVisibility' | 'pastContent'> | null;
  /** How many members there were at a seq. Null until it is known: asked for when a receipt wants it. */
  counted: { members: number; seq: number } | null;
  readonly flows: Flow[];
  /** Memberships of connected users: with none left the room goes. */
  memberships: number;
}

/** A connected user's stay in a chat, shared by the user's sockets. */
export interface Membership {
  readonly userId: UserId;
  readonly room: Room;
  /** What the user sees of the chat; null until it is known. */
  sight: Sight | null;
  /** The seq with which the present stay began, as far as it was told. */
  since: number;
}

/**
 * `backlog`: live events wait, older ones are being read. `live`: the next event goes out at once.
 * `resync`: nothing is sent until the client's `sync`. `missed`: it was ended by a gap of the whole feed.
 */
export type Phase = 'backlog' | 'live' | 'resync' | 'missed';

/** What the hub needs of a socket. */
export interface Receiver {
  readonly userId: UserId;
  readonly outbox: Outbox;
  readonly flows: Map<ChatId, Flow>;
  /** Reads a flow's backlog and turns it live. */
  catchUp(flow: Flow): void;
  countSlow(): void;
}

/** One chat on one socket: exactly which seq was sent last. */
export class Flow implements FrameOwner {
  readonly receiver: Receiver;
  readonly membership: Membership;
  readonly room: Room;
  phase: Phase;
  sentSeq: number;
  /** Its place in the room; -1 once it has left it. */
  index = -1;

  constructor(receiver: Receiver, membership: Membership, start: { phase: Phase; sentSeq: number }) {
    this.receiver = receiver;
    this.membership = membership;
    this.room = membership.room;
    this.phase = start.phase;
    this.sentSeq = start.sentSeq;
  }

  get gapped(): boolean {
    return this.phase === 'resync';
  }

  markGapped(): void {
    this.phase = 'resync';
    this.receiver.countSlow();
  }

  gapNotice(): Buffer | null {
    const { chatId, headSeq } = this.room;
    if (this.index >= 0) return resyncFrame(chatId, headSeq, 'slow');
    if (this.phase === 'missed') return null; // the client was told of more than this
    // Another flow in its place began where the client said that it stands: the gap is closed.
    return this.receiver.flows.has(chatId) ? null : goneFrame(chatId);
  }
}

export function enter(flow: Flow): void {
  flow.index = flow.room.flows.length;
  flow.room.flows.push(flow);
  flow.receiver.flows.set(flow.room.chatId, flow);
}

/** The last one of the room takes the place that becomes free. */
export function leave(flow: Flow): void {
  const { flows, chatId } = flow.room;
  if (flow.index < 0) return;
  const last = flows.pop();
  if (last && last !== flow) {
    flows[flow.index] = last;
    last.index = flow.index;
  }
  flow.index = -1;
  if (flow.receiver.flows.get(chatId) === flow) flow.receiver.flows.delete(chatId);
}
