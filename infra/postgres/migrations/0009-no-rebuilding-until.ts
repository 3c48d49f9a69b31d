import type { Migration } from './migration.ts';

/**
 * Rebuilds lie beside what is read: no partition waits for one any more. The windows of generations that are there show
 * the column, and are made anew without it.
 */
export const NO_REBUILDING_UNTIL: Migration = {
  name: 'no rebuilding until',
  statements: [
    `DO $$
      DECLARE place record;
      BEGIN
        FOR place IN SELECT schemaname FROM pg_views
          WHERE viewname = 'checkpoints' AND schemaname ~ '^generation_[0-9]+$' LOOP
          EXECUTE format('DROP VIEW %I.checkpoints', place.schemaname);
          EXECUTE format('CREATE VIEW %I.checkpoints AS SELECT grp, partition, position, term, moved_at FROM %I.checkpoints',
            place.schemaname, current_schema());
        END LOOP;
      END $$`,
    'ALTER TABLE checkpoints DROP COLUMN rebuilding_until',
  ],
};
