import { pause } from '../pause.ts';
import type { Assignment } from './assignment.ts';
import { NotOurs } from './failures.ts';
import type { Checkpoints, Claim, GroupName } from './ports.ts';

export interface ClaimingOptions {
  readonly group: GroupName;
  readonly checkpoints: Checkpoints;
  readonly owner: string;
  /** A checkpoint that another owner has not moved for so long may be taken back. */
  readonly idleMs: number;
  /** How long somebody who was overtaken waits before asking again. */
  readonly retryMs: number;
}

/**
 * The first claim of an assignment takes over: the group has decided. A later one does so only where nobody came in
 * between, or whoever came is silent: else two processes that both believe in their assignment would take the
 * partition from each other for ever.
 */
export async function claimPartition(options: ClaimingOptions, assignment: Assignment): Promise<Claim> {
  const { group, checkpoints, owner, idleMs, retryMs } = options;
  const { partition, leftTerm } = assignment;
  if (leftTerm === null) return checkpoints.claim(group, partition, owner);
  const stands = (await checkpoints.list([group])).find((row) => row.partition === partition);
  if (stands?.term === leftTerm) return checkpoints.claim(group, partition, owner);
  const claim = await checkpoints.claimIdle(group, partition, { owner, idleMs });
  if (claim) return claim;
  await pause(retryMs, assignment.over.signal);
  throw new NotOurs(`${group}, partition ${partition}: ${stands?.owner ?? 'another process'} has it`);
}
