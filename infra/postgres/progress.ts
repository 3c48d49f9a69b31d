import type { LogPosition } from '../../events/event-store.ts';
import { VIEW_GROUPS } from '../../projections/partitions/ports.ts';
import type { Postgres } from './pool.ts';

/** How often the checkpoints are looked at: while somebody waits for them, and while nobody does. */
const WAITED_FOR_MS = 20;
const IDLE_MS = 200;
/** How often the log is asked how far it goes, for what other processes append. */
const HEAD_EVERY_MS = 500;

/** What queries ask: `queries/progress.ts` says what it promises. */
export interface FollowedProgress {
  position(): LogPosition;
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  lagMs(): number;
  /** This process has appended up to here. */
  appended(head: LogPosition): void;
  close(): Promise<void>;
}

/** What keeps those who wait: a progress as the embedded runner has it. */
export interface Waiters extends Omit<FollowedProgress, 'close'> {
  moved(position: LogPosition): void;
  close(): void;
}

export interface FollowOptions {
  readonly waiters: Waiters;
  /** Up to where all views hold everything. */
  readonly position: () => Promise<LogPosition>;
  readonly head: () => Promise<LogPosition>;
  readonly onFault?: (what: string, error: unknown) => void;
}

/** How far the views have come, for a process that only reads them: checkpoints are looked at, the more often the more wait. */
export function followProgress(options: FollowOptions): FollowedProgress {
  const { waiters, position, head, onFault = () => undefined } = options;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  let closed = false;

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      timer = setTimeout(resolve, ms);
    });
  const look = async (what: string, at: () => Promise<void>): Promise<void> => {
    try {
      await at();
    } catch (error) {
      onFault(what, error); // what it knows grows old, and whoever waits is told so in time
    }
  };
  const run = async () => {
    for (let headAt = Number.NEGATIVE_INFINITY; !closed; ) {
      await look('the checkpoints cannot be read', async () => waiters.moved(await position()));
      if (performance.now() - headAt >= HEAD_EVERY_MS) {
        headAt = performance.now();
        await look("the log's head cannot be read", async () => waiters.appended(await head()));
      }
      if (!closed) await pause(waiting > 0 ? WAITED_FOR_MS : IDLE_MS);
    }
  };
  const running = run();

  return {
    position: waiters.position,
    lagMs: waiters.lagMs,
    appended: waiters.appended,
    async reached(wanted, withinMs) {
      if (waiters.position() >= wanted) return true;
      waiting++;
      if (waiting === 1) wake();
      try {
        return await waiters.reached(wanted, withinMs);
      } finally {
        waiting--;
      }
    },
    async close() {
      closed = true;
      wake();
      waiters.close();
      await running;
    },
  };
}

const LEAST = {
  name: 'progress-least',
  text: `SELECT CASE WHEN count(DISTINCT grp) = cardinality($1::text[]) THEN min(position) ELSE 0 END AS position
    FROM checkpoints WHERE grp = ANY($1::text[])`,
};

/** The least checkpoint of all partitions of the view groups; 0 while one of the groups has none yet. */
export const viewsPosition =
  (postgres: Postgres, groups: readonly string[] = VIEW_GROUPS) =>
  async (): Promise<LogPosition> => {
    const [row] = await postgres.query<{ position: LogPosition }>(LEAST, [groups]);
    return row?.position ?? 0;
  };
