import { ENDED_KEPT, type StoredJob } from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';

/** Jobs that have not ended lie beside what they work on, so that whoever comes next goes on with them. */
export const JOBS_TABLE =
  'CREATE TABLE jobs (id TEXT PRIMARY KEY, open INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;';

export interface JobRows {
  list(): StoredJob[];
  save(job: StoredJob): void;
}

export function jobRows(db: Database): JobRows {
  const select = db.prepare<{ record: string }>('SELECT record FROM jobs ORDER BY id');
  const save = db.prepare('REPLACE INTO jobs VALUES (?, ?, ?)');
  const forget = db.prepare(
    'DELETE FROM jobs WHERE open = 0 AND id NOT IN (SELECT id FROM jobs WHERE open = 0 ORDER BY id DESC LIMIT ?)',
  );
  return {
    list: () => select.all().map(({ record }) => JSON.parse(record) as StoredJob),
    save(job) {
      const open = job.state === 'running' || job.state === 'paused';
      save.run(job.jobId, open ? 1 : 0, JSON.stringify(job));
      if (!open) forget.run(ENDED_KEPT);
    },
  };
}
