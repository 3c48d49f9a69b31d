import { type ErrorCode, isRetryable, type Outcome } from '../../../events/error-codes.ts';
import { BEHIND_WAIT_MS, sightOf, type VisibleEvent } from '../../../queries/index.ts';
import { fromFailure } from '../../failures.ts';
import { eventFrame, goneFrame, resyncFrame, syncedFrame } from '../frames.ts';
import { type Flow, leave, type Receiver } from '../hub/room.ts';
import { BACKLOG_TRIES, CORK_BYTES, PAGE_EVENTS } from '../limits.ts';
import type { Services } from '../services.ts';

/** Reads the backlogs of one socket, one chat after the other, a page per drain. */
export interface Pump {
  /** Resolves when the flow is live, or is no longer in its backlog for another reason. */
  catchUp(flow: Flow, announce: boolean): Promise<void>;
}

interface Task {
  readonly flow: Flow;
  /** Whether `synced` is said at its end. */
  announce: boolean;
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

export function createPump(services: Services, receiver: Receiver): Pump {
  const tasks = new Map<Flow, Task>();
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    for (const task of tasks.values()) {
      try {
        await pumpFlow(services, receiver, task);
      } catch (error) {
        services.logger.error({ err: error, chatId: task.flow.room.chatId }, 'a backlog could not be read');
        giveUp(services, task.flow);
      }
      tasks.delete(task.flow);
      task.resolve();
    }
    running = false;
  };
  return {
    catchUp(flow, announce) {
      const known = tasks.get(flow);
      if (known) {
        known.announce ||= announce;
        return known.done;
      }
      let resolve: () => void = () => undefined;
      const done = new Promise<void>((settle) => {
        resolve = settle;
      });
      tasks.set(flow, { flow, announce, done, resolve });
      if (!running) void run();
      return done;
    },
  };
}

async function pumpFlow(services: Services, receiver: Receiver, task: Task): Promise<void> {
  const { flow } = task;
  for (let tries = 0; ; ) {
    if (!(await receiver.outbox.writable()) || flow.phase !== 'backlog' || flow.index < 0) return;
    if (flow.sentSeq >= flow.room.headSeq && (flow.membership.sight || (await learnSight(services, flow)))) {
      // Nothing was awaited since the seqs were compared, or they are compared once more.
      if (flow.sentSeq < flow.room.headSeq || flow.phase !== 'backlog' || flow.index < 0) continue;
      flow.phase = 'live';
      if (task.announce) receiver.outbox.push(syncedFrame(flow.room.chatId, flow.sentSeq), null);
      return;
    }
    const before = flow.sentSeq;
    const page = await readPage(services, flow);
    if (flow.phase !== 'backlog' || flow.index < 0) return;
    if (page.ok) await sendPage(flow, page.value.events);
    else if (page.rejection.code === 'chat-not-found' && !(await isMember(services, flow))) return vanish(flow);
    if (flow.sentSeq > before) {
      tries = 0;
      continue;
    }
    // The views do not hold yet what the hub knows of.
    tries += 1;
    if (tries >= BACKLOG_TRIES || (!page.ok && !mayPass(page.rejection.code))) return giveUp(services, flow);
    await services.queries.caughtUp(services.hub.told(), BEHIND_WAIT_MS);
  }
}

async function readPage(services: Services, flow: Flow): Promise<Outcome<{ events: VisibleEvent[] }>> {
  const { chatId } = flow.room;
  const page = { after: flow.sentSeq, limit: PAGE_EVENTS };
  try {
    return await services.catchUps.run(() => services.queries.events(flow.membership.userId, chatId, page));
  } catch (error) {
    const rejection = fromFailure(error);
    if (rejection.code === 'internal') throw error;
    return { ok: false, rejection };
  }
}

/** In pieces that the socket takes: what the client gets in between is live events of other chats. */
async function sendPage(flow: Flow, events: readonly VisibleEvent[]): Promise<void> {
  const { outbox } = flow.receiver;
  let written = 0;
  for (const event of events) {
    const last = event.type === 'Hidden' ? event.throughSeq : event.seq;
    if (last <= flow.sentSeq) continue;
    if (written >= CORK_BYTES) {
      if (!(await outbox.writable()) || flow.phase !== 'backlog' || flow.index < 0) return;
      written = 0;
    }
    const frame = eventFrame(event);
    written += frame.length;
    flow.sentSeq = last;
    outbox.push(frame, null);
  }
}

/** The views may not have heard yet that someone came: the log itself decides whether a chat is gone. */
async function isMember({ commands }: Services, { membership, room }: Flow): Promise<boolean> {
  const access = await commands.access(room.chatId, membership.userId);
  return access !== null && access.role !== null;
}

const mayPass = (code: ErrorCode): boolean => isRetryable(code) || code === 'chat-not-found';

/** From the log itself, so never behind. Only `since-join` chats need them, and only of who came while connected. */
async function learnSight(services: Services, { membership, room }: Flow): Promise<boolean> {
  const access = await services.commands.access(room.chatId, membership.userId);
  if (access === null) return false;
  room.rule = access;
  membership.sight = sightOf(access);
  return true;
}

/** The chat is no longer the viewer's; the feed will say so too, or has never said that it was. */
function vanish(flow: Flow): void {
  if (flow.index < 0) return; // the feed was faster
  flow.receiver.outbox.push(goneFrame(flow.room.chatId), null);
  leave(flow);
}

function giveUp(services: Services, flow: Flow): void {
  if (flow.phase !== 'backlog' || flow.index < 0) return;
  flow.phase = 'resync';
  services.counters.resyncs.slow += 1;
  flow.receiver.outbox.push(resyncFrame(flow.room.chatId, flow.room.headSeq, 'slow'), null);
}
