import { randomUUID } from 'node:crypto';
import { type LogPosition, NO_STREAM } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import type { AppendRequest, BatchStream } from './batch-stream.ts';
import type { Connection } from './connection.ts';
import { INTERNAL_PREFIX } from './events.ts';
import type { Outcome } from './outcome.ts';
import type { Watched } from './subscription.ts';

export interface HeartbeatTimes {
  /** Between two markers. */
  readonly everyMs: number;
  /** A marker that was not written by then, or that a subscription has not seen, means that something is dead. */
  readonly alarmMs: number;
}

export interface HeartbeatOptions extends HeartbeatTimes {
  readonly connection: Connection;
  readonly batch: BatchStream;
  readonly watched: ReadonlySet<Watched>;
  readonly onFault: (what: string) => void;
}

export interface Heartbeat {
  stop(): void;
}

/** The stream of a process that has ended is not needed for long. */
const KEEP_S = 86_400;

/**
 * Appends a marker now and then, and watches that it is answered and that every subscription sees it. A connection can
 * be dead for long before TCP or HTTP/2 say so, and a subscription on a sound connection can be forgotten.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const stream = `${INTERNAL_PREFIX}heartbeat-${randomUUID().slice(0, 8)}`;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function beat(): Promise<void> {
    const position = await mark(options, stream);
    if (position !== null && !stopped) watchFor(options, position);
  }

  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      beat()
        .catch((error: unknown) => options.onFault(`a heartbeat: ${messageOf(error)}`))
        .finally(next);
    }, options.everyMs);
    timer.unref();
  };

  keepFew(options, stream).catch((error: unknown) => options.onFault(`a heartbeat: ${messageOf(error)}`));
  next();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** One marker, to its position. Where it is not written in time the connection, or the call, is made anew. */
async function mark(options: HeartbeatOptions, stream: string): Promise<LogPosition | null> {
  const event = { eventId: randomUUID(), type: 'HeartbeatSent', data: '{}', metadata: '{}' };
  const outcome = await send(options, { stream, expected: null, events: [event] });
  if (outcome.kind === 'written') return outcome.position;
  options.onFault(`a heartbeat: ${outcome.kind === 'unknown' ? outcome.message : outcome.kind}`);
  return null;
}

async function send({ batch, connection, alarmMs }: HeartbeatOptions, request: AppendRequest): Promise<Outcome> {
  const link = await connection.link(alarmMs);
  const sent = performance.now();
  let sending: Promise<() => void>;
  const renewOrRetire = async (): Promise<Outcome> => {
    const renewed = await link.renewIfSilent(sent, `a heartbeat was not answered in ${alarmMs} ms`);
    if (!renewed) batch.retire(); // it is the call that is dead, or the server is slow
    sending.then(
      (forget) => forget(),
      () => undefined, // what never went off need not be forgotten
    );
    return { kind: 'unknown', message: `not answered in ${alarmMs} ms` };
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      resolve(renewOrRetire());
    }, alarmMs);
    const told = (outcome: Outcome): void => {
      clearTimeout(late);
      resolve(outcome);
    };
    sending = batch.send(request, told, alarmMs);
    sending.catch((error: unknown) => {
      clearTimeout(late);
      reject(error as Error);
    });
  });
}

/** Who listens at the time of the marker must have seen it by the alarm. */
function watchFor({ watched, alarmMs }: HeartbeatOptions, position: LogPosition): void {
  for (const subscription of watched) {
    if (!subscription.listens() || subscription.reached() >= position) continue;
    setTimeout(() => {
      if (!watched.has(subscription) || !subscription.listens() || subscription.reached() >= position) return;
      subscription.drop(`a marker written ${alarmMs} ms ago has not come`);
    }, alarmMs).unref();
  }
}

/** Of the markers one is enough; the server removes the others when it scavenges. */
async function keepFew(options: HeartbeatOptions, stream: string): Promise<void> {
  const data = JSON.stringify({ $maxCount: 1, $maxAge: KEEP_S });
  const event = { eventId: randomUUID(), type: '$metadata', data, metadata: '{}' };
  await send(options, { stream: `$$${stream}`, expected: NO_STREAM, events: [event] });
}
