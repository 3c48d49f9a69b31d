import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { WRITE_DEADLINE_MS } from '../../infra/cassandra/connect.ts';
import { emptyViews as emptyCassandra } from '../../infra/cassandra/empty.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { emptyViews as emptyPostgres } from '../../infra/postgres/views/empty.ts';
import type { Checkpoints, ViewGroup } from '../../projections/partitions/ports.ts';

export interface RebuildDeps {
  log: EventLog;
  checkpoints: Checkpoints;
  postgres: Postgres;
  cassandra: Cassandra;
}

/** What a projector had begun to write when the group was paused is over after so long, well or not. */
const SETTLED_MS = WRITE_DEADLINE_MS + 2_000;
const LOOK_EVERY_MS = 200;
const STALLED_MS = 60_000;

/**
 * Empties a group's rows, where they are, and lets its projectors read the log from the beginning. Until they have come
 * to where they were, reads that ask for more than is there wait or are told `behind`.
 */
export async function rebuildGroup(
  { log, checkpoints, postgres, cassandra }: RebuildDeps,
  group: ViewGroup,
  onProgress: (progress: number) => void,
): Promise<void> {
  const goal = await log.head();
  await checkpoints.setPaused(group, true);
  try {
    if (group === 'chat-history') {
      // Nothing fences what is under way to Cassandra: it is waited for.
      await checkpoints.rewind(group);
      await pause(SETTLED_MS);
      await emptyCassandra(cassandra);
      await checkpoints.rewind(group);
    } else {
      await emptyPostgres(postgres);
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
