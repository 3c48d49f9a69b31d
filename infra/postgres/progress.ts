import type { LogPosition } from '../../events/event-store.ts';
import type { LiveGenerations } from '../../projections/generations/ports.ts';
import { FIRST_GENERATION, VIEW_GROUPS, type ViewGroup } from '../../projections/partitions/ports.ts';
import type { Postgres } from './pool.ts';

/** How often the checkpoints are looked at: while somebody waits for them, and while nobody does. */
const WAITED_FOR_MS = 20;
const IDLE_MS = 200;
/** How often the log is asked how far it goes, for what other processes append. */
const HEAD_EVERY_MS = 500;
/** What was seen of the checkpoints is good for so long: an older sight is renewed before anything is said by it. */
export const SIGHT_MAX_AGE_MS = 1_000;

/** What the checkpoints say of all views together. */
export interface ViewsSeen {
  /** Up to where all views hold everything. */
  readonly position: LogPosition;
  /** Those that are read. */
  readonly live: LiveGenerations;
}

/** What queries ask: `queries/progress.ts` says what it promises. */
export interface FollowedProgress {
  position(): LogPosition;
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  lagMs(): number;
  /** Which generations are read now. Throws as the store does, where that cannot be asked. */
  live(): Promise<LiveGenerations>;
  /** The same for those who go on without the store: by what was seen last, however old; null where nothing was. */
  lastLive(): LiveGenerations | null;
  /** This process has appended up to here. */
  appended(head: LogPosition): void;
  close(): Promise<void>;
}

/** What keeps those who wait: a progress as the embedded runner has it. */
export interface Waiters extends Omit<FollowedProgress, 'close' | 'live' | 'lastLive'> {
  moved(position: LogPosition): void;
  close(): void;
}

export interface FollowOptions {
  readonly waiters: Waiters;
  readonly views: () => Promise<ViewsSeen>;
  readonly head: () => Promise<LogPosition>;
  readonly onFault?: (what: string, error: unknown) => void;
}

/**
 * How far the views have come, for a process that only reads them: checkpoints are looked at, the more often the more wait.
 * The log is asked apart from them: one that is slow or silent says nothing of what the views hold.
 */
export function followProgress(options: FollowOptions): FollowedProgress {
  const { waiters, head, onFault = () => undefined } = options;
  let waiting = 0;
  const sight = createSight(options);
  const look = async (what: string, at: () => Promise<unknown>): Promise<void> => {
    try {
      await at();
    } catch (error) {
      onFault(what, error); // what it knows grows old, and whoever waits is told so in time
    }
  };
  const checkpoints = repeat(
    () => look('the checkpoints cannot be read', sight.renew),
    () => (waiting > 0 ? WAITED_FOR_MS : IDLE_MS),
  );
  const log = repeat(
    () => look("the log's head cannot be read", async () => waiters.appended(await head())),
    () => HEAD_EVERY_MS,
  );

  return {
    position: waiters.position,
    lagMs: waiters.lagMs,
    appended: waiters.appended,
    live: async () => (await sight.fresh()).live,
    lastLive: () => sight.last()?.live ?? null,
    async reached(wanted, withinMs) {
      if (waiters.position() >= wanted) return true;
      waiting++;
      if (waiting === 1) checkpoints.wake();
      try {
        return await waiters.reached(wanted, withinMs);
      } finally {
        waiting--;
      }
    },
    async close() {
      waiters.close();
      await Promise.all([checkpoints.end(), log.end()]);
    },
  };
}

interface Repeated {
  /** The next round begins now. */
  wake(): void;
  /** Resolves when no round is under way any more. */
  end(): Promise<void>;
}

function repeat(round: () => Promise<void>, pauseMs: () => number): Repeated {
  let ended = false;
  let wake: () => void = () => undefined;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs());
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    while (!ended) {
      await round();
      if (!ended) await pause();
    }
  };
  const running = run();
  return {
    wake: () => wake(),
    end() {
      ended = true;
      wake();
      return running;
    },
  };
}

/** What was seen last, and when that was asked for. */
function createSight({ waiters, views }: Pick<FollowOptions, 'waiters' | 'views'>) {
  let seen: ViewsSeen | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<ViewsSeen> | null = null;

  async function ask(): Promise<ViewsSeen> {
    const began = performance.now();
    const now = await views();
    [seen, askedAt] = [now, began];
    waiters.moved(now.position);
    return now;
  }
  const renew = (): Promise<ViewsSeen> => (asking ??= ask().finally(() => (asking = null)));
  return {
    renew,
    last: () => seen,
    async fresh(): Promise<ViewsSeen> {
      if (seen && performance.now() - askedAt <= SIGHT_MAX_AGE_MS) return seen;
      await asking?.catch(() => undefined); // it may have been asked long ago
      return seen && performance.now() - askedAt <= SIGHT_MAX_AGE_MS ? seen : renew();
    },
  };
}

const SEEN = {
  name: 'progress-views',
  text: `SELECT g.grp AS "group", g.generation, g.state = 'live' AS live, coalesce(min(c.position), 0) AS position
    FROM generations g LEFT JOIN checkpoints c
      ON c.grp = CASE g.generation WHEN 1 THEN g.grp ELSE g.grp || '@' || g.generation END
    WHERE g.grp = ANY($1::text[]) AND (g.state = 'live' OR g.counted) GROUP BY g.grp, g.generation, g.state`,
};

interface SeenRow {
  readonly group: ViewGroup;
  readonly generation: number;
  readonly live: boolean;
  readonly position: LogPosition;
}

/**
 * The least checkpoint of all partitions of what is live, and of what will be in a moment; 0 while one of them has none
 * yet.
 */
export const viewsSeen =
  (postgres: Postgres, groups: readonly string[] = VIEW_GROUPS) =>
  async (): Promise<ViewsSeen> => {
    const rows = await postgres.query<SeenRow>(SEEN, [groups]);
    const liveOf = (group: ViewGroup): number =>
      rows.find((row) => row.live && row.group === group)?.generation ?? FIRST_GENERATION;
    return {
      position: rows.length === 0 ? 0 : Math.min(...rows.map(({ position }) => position)),
      live: { 'chat-history': liveOf('chat-history'), 'user-chats': liveOf('user-chats') },
    };
  };
