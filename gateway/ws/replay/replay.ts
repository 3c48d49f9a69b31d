import type { ChatId, UserId } from '../../../events/ids.ts';
import type { VisibleEvent } from '../../../queries/index.ts';
import { pausePlayed } from '../../../queries/replay/index.ts';
import { encode } from '../frames.ts';
import { CORK_BYTES, PAGE_EVENTS } from '../limits.ts';
import type { Outbox } from '../outbox.ts';
import type { Services } from '../services.ts';

/** What was read longer ago is read again before it is sent: words may have been withheld, and a pause lasts for hours. */
const PAGE_FRESH_MS = 1_000;
/** Read at once where events wait for their time, and what is read would mostly be too old by then. */
const PACED_PAGE_EVENTS = 20;

export type ReplayEnd = 'end' | 'stopped' | 'forbidden' | 'error';

export interface ReplayPlan {
  readonly replayId: string;
  readonly viewer: UserId;
  readonly chatId: ChatId;
  /** Exclusive. */
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** 0: as fast as the socket reads; 1: as it happened; 2: twice as fast. */
  readonly speed: number;
  readonly maxGapMs: number;
}

/** A stretch of a chat that happens once more, on one socket. */
export interface Replay {
  readonly plan: ReplayPlan;
  pause(): void;
  resume(): void;
  /** The next event is the one after `seq`. */
  seek(seq: number): void;
  setSpeed(speed: number): void;
  end(reason: ReplayEnd): void;
}

interface Running {
  readonly services: Services;
  readonly outbox: Outbox;
  readonly plan: ReplayPlan;
  readonly ended: () => void;
  after: number;
  lastAt: number | null;
  page: VisibleEvent[];
  /** When the page was read, milliseconds since 1970. */
  readAt: number;
  speed: number;
  paused: boolean;
  over: boolean;
  /** Changed by whatever makes what is being read or waited for out of date. */
  turn: number;
  timer: NodeJS.Timeout | null;
}

export function startReplay(
  services: Services,
  outbox: Outbox,
  { plan, ended }: { plan: ReplayPlan; ended: () => void },
): Replay {
  const run: Running = {
    services,
    outbox,
    plan,
    ended,
    after: plan.from,
    lastAt: null,
    page: [],
    readAt: 0,
    speed: plan.speed,
    paused: false,
    over: false,
    turn: 0,
    timer: null,
  };
  services.counters.replaysRunning += 1;
  setImmediate(() => go(run)); // the answer that names the replay goes out before its first event
  return {
    plan,
    pause: () => {
      run.paused = true;
      interrupt(run);
    },
    resume: () => {
      run.paused = false;
      go(run);
    },
    seek: (seq) => {
      Object.assign(run, { after: seq, lastAt: null, page: [] });
      go(run);
    },
    setSpeed: (speed) => {
      run.speed = speed;
      go(run);
    },
    end: (reason) => end(run, reason),
  };
}

function interrupt(run: Running): void {
  run.turn += 1;
  if (run.timer) clearTimeout(run.timer);
  run.timer = null;
}

function go(run: Running): void {
  interrupt(run);
  if (run.paused || run.over) return;
  play(run, run.turn).catch((error: unknown) => {
    run.services.logger.error({ err: error, chatId: run.plan.chatId }, 'a replay failed');
    end(run, 'error');
  });
}

/** Sends until it has to wait for its time, then leaves a timer behind. */
async function play(run: Running, turn: number): Promise<void> {
  const stale = (): boolean => run.over || run.turn !== turn;
  while (!stale()) {
    if (!(await run.outbox.writable()) || stale()) return;
    const old = Math.abs(run.services.clock() - run.readAt) > PAGE_FRESH_MS;
    if ((run.page.length === 0 || old) && !(await nextPage(run, stale))) return;
    let written = 0;
    for (let event = run.page[0]; event && written < CORK_BYTES; event = run.page[0]) {
      const wait = pauseBefore(run, event);
      if (wait > 0) {
        run.timer = setTimeout(() => {
          run.lastAt = timeOf(event);
          go(run);
        }, wait);
        return;
      }
      written += send(run, event);
    }
  }
}

/** False where there is nothing more to play, or the turn is over. Rights are asked anew with every page. */
async function nextPage(run: Running, stale: () => boolean): Promise<boolean> {
  const { viewer, chatId, to } = run.plan;
  if (run.after >= to) {
    end(run, 'end');
    return false;
  }
  const ask = { after: run.after, limit: run.speed === 0 ? PAGE_EVENTS : PACED_PAGE_EVENTS, through: to };
  const readAt = run.services.clock();
  const page = await run.services.catchUps.run(() => run.services.queries.events(viewer, chatId, ask));
  if (stale()) return false;
  if (!page.ok) {
    end(run, page.rejection.code === 'chat-not-found' ? 'forbidden' : 'error');
    return false;
  }
  if (page.value.events.length === 0) {
    end(run, 'end');
    return false;
  }
  run.page = [...page.value.events];
  run.readAt = readAt;
  return true;
}

function pauseBefore(run: Running, event: VisibleEvent): number {
  const at = timeOf(event);
  if (at === null || run.lastAt === null) return 0;
  return pausePlayed(at - run.lastAt, { speed: run.speed, maxGapMs: run.plan.maxGapMs });
}

const timeOf = (event: VisibleEvent): number | null => (event.type === 'Hidden' ? null : Date.parse(event.at));

function send(run: Running, event: VisibleEvent): number {
  run.page.shift();
  run.after = event.type === 'Hidden' ? event.throughSeq : event.seq;
  run.lastAt = timeOf(event) ?? run.lastAt;
  const frame = encode({ ev: 'replay', replayId: run.plan.replayId, ...event });
  run.outbox.push(frame, null);
  return frame.length;
}

function end(run: Running, reason: ReplayEnd): void {
  if (run.over) return;
  run.over = true;
  interrupt(run);
  run.services.counters.replaysRunning -= 1;
  run.outbox.push(encode({ ev: 'replay-end', replayId: run.plan.replayId, reason }), null);
  run.ended();
}
