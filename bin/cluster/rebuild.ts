import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { WRITE_DEADLINE_MS } from '../../infra/cassandra/connect.ts';
import { emptyViews as emptyCassandra } from '../../infra/cassandra/empty.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { SIGHT_MAX_AGE_MS } from '../../infra/postgres/progress.ts';
import { emptyViews as emptyPostgres } from '../../infra/postgres/views/empty.ts';
import type { Checkpoints, ViewGroup } from '../../projections/partitions/ports.ts';

export interface RebuildDeps {
  log: EventLog;
  checkpoints: Checkpoints;
  postgres: Postgres;
  cassandra: Cassandra;
}

/** Projectors look twice a second whether they are paused: nothing is begun any more after so long. */
export const PAUSE_SEEN_MS = 1_000;
/** Whoever reads views knows by then that they are being rebuilt: an older sight of the checkpoints is not gone by. */
const READERS_KNOW_MS = SIGHT_MAX_AGE_MS + 2_000;
/** What a projector had begun to write when the group was paused is over after so long, well or not. */
const SETTLED_MS = WRITE_DEADLINE_MS + 2_000;
const LOOK_EVERY_MS = 200;
const STALLED_MS = 60_000;

/**
 * Empties a group's rows, where they are, and lets its projectors read the log from the beginning. Readers of its views
 * are told `behind` from before they are emptied until they hold again what the log holds now.
 */
export async function rebuildGroup(
  { log, checkpoints, postgres, cassandra }: RebuildDeps,
  group: ViewGroup,
  onProgress: (progress: number) => void,
): Promise<void> {
  await checkpoints.setPaused(group, true);
  let goal: LogPosition;
  try {
    await pause(PAUSE_SEEN_MS);
    goal = await log.head(); // nothing later was under way to the views
    await checkpoints.rewind(group, goal);
    if (group === 'chat-history') {
      // Nothing fences what is under way to Cassandra: it is waited for.
      await pause(Math.max(SETTLED_MS, READERS_KNOW_MS));
      await emptyCassandra(cassandra);
      await checkpoints.rewind(group, goal);
    } else {
      await pause(READERS_KNOW_MS);
      await emptyPostgres(postgres, goal);
    }
  } finally {
    await checkpoints.setPaused(group, false);
  }
  await followed({ checkpoints, group, goal, onProgress });
}

interface Following {
  checkpoints: Checkpoints;
  group: ViewGroup;
  goal: number;
  onProgress: (progress: number) => void;
}

async function followed({ checkpoints, group, goal, onProgress }: Following): Promise<void> {
  let moved = { position: -1, at: performance.now() };
  for (;;) {
    const states = await checkpoints.list([group]);
    const position = Math.min(...states.map((state) => state.position));
    if (position >= goal) return;
    const now = performance.now();
    if (position > moved.position) moved = { position, at: now };
    if (now - moved.at > STALLED_MS) throw new Error(`${group} stands at ${position}: does any projector run?`);
    onProgress(position / goal);
    await pause(LOOK_EVERY_MS);
  }
}
