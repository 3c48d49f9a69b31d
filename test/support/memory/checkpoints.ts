import { START } from '../../../events/event-store.ts';
import {
  type CheckpointState,
  type Checkpoints,
  type GroupName,
  StaleOwner,
} from '../../../projections/partitions/ports.ts';

type State = { -readonly [K in keyof CheckpointState]: CheckpointState[K] };
type Row = Omit<State, 'idleMs'> & { touchedAt: number; era: number };

export interface MemoryCheckpointsOptions {
  now?: () => number;
}

/** Checkpoints that last as long as their process, shared by what plays the processes of a test. */
export function memoryCheckpoints(options: MemoryCheckpointsOptions = {}): Checkpoints {
  const { now = () => performance.now() } = options;
  const rows = new Map<string, Row>();
  const rowOf = (group: GroupName, partition: number): Row => {
    const row = rows.get(keyOf(group, partition));
    if (!row) throw new Error(`${group}, partition ${partition}: no checkpoint was prepared`);
    return row;
  };
  const take = (row: Row, owner: string) => {
    Object.assign(row, { owner, term: row.term + 1, touchedAt: now() });
    const { group, partition, term, era, position } = row;
    return { group, partition, term, era, position };
  };

  return {
    async prepare(group, partitions) {
      for (let partition = 0; partition < partitions; partition++) {
        const key = keyOf(group, partition);
        if (rows.has(key)) continue;
        const fresh = { position: START, term: 0, era: 0, owner: '', paused: false };
        rows.set(key, { group, partition, ...fresh, touchedAt: now() });
      }
    },
    claim: async (group, partition, owner) => take(rowOf(group, partition), owner),
    async claimIdle(group, partition, { owner, idleMs }) {
      const row = rowOf(group, partition);
      const idle = row.term === 0 || now() - row.touchedAt >= idleMs;
      return idle ? take(row, owner) : null;
    },
    async move({ claim, from, to }) {
      const row = rowOf(claim.group, claim.partition);
      if (row.term !== claim.term || row.position !== from) throw new StaleOwner(claim);
      Object.assign(row, { position: to, touchedAt: now() });
    },
    async release({ group, partition, term }) {
      const row = rowOf(group, partition);
      if (row.term === term) Object.assign(row, { owner: '', touchedAt: Number.NEGATIVE_INFINITY });
    },
    async list(groups) {
      const wanted = [...rows.values()].filter(({ group }) => groups === undefined || groups.includes(group));
      return wanted.map(({ touchedAt, era: _era, ...row }) => ({
        ...row,
        idleMs: now() - touchedAt,
      }));
    },
    async setPaused(group, paused) {
      for (const row of rows.values()) if (row.group === group) row.paused = paused;
    },
  };
}

const keyOf = (group: GroupName, partition: number): string => `${group} ${partition}`;
