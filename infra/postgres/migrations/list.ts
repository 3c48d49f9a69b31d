import { CHECKPOINTS } from './0001-checkpoints.ts';
import { SLOT_LEASES } from './0002-slot-leases.ts';
import { VIEWS } from './0003-views.ts';
import { ACCOUNTS } from './0004-accounts.ts';
import { WORKING_STATE } from './0005-working-state.ts';
import { REBUILDS } from './0006-rebuilds.ts';
import { ATTEMPTS } from './0007-attempts.ts';
import { GENERATIONS } from './0008-generations.ts';
import { NO_REBUILDING_UNTIL } from './0009-no-rebuilding-until.ts';
import { COMPARED_SO_FAR } from './0010-compared-so-far.ts';
import type { Migration } from './migration.ts';

/** In the order in which they are applied: the first is number 1. */
export const MIGRATIONS: readonly Migration[] = [
  CHECKPOINTS,
  SLOT_LEASES,
  VIEWS,
  ACCOUNTS,
  WORKING_STATE,
  REBUILDS,
  ATTEMPTS,
  GENERATIONS,
  NO_REBUILDING_UNTIL,
  COMPARED_SO_FAR,
];
