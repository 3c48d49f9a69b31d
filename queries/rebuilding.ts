import type { Outcome } from '../events/error-codes.ts';
import { behind } from './answers.ts';
import type { QueryDeps } from './deps.ts';
import type { RebuiltViews } from './progress.ts';

type Deps = Pick<QueryDeps, 'progress'>;

export const isRebuilding = async ({ progress }: Deps, views: RebuiltViews): Promise<boolean> =>
  (await progress.rebuilding?.(views)) ?? false;

/**
 * What is being emptied and filled again is not read: an empty page would be a wrong answer. Nor is what was read passed
 * on where that began meanwhile.
 */
export async function unlessRebuilding<T>(
  deps: Deps,
  views: readonly RebuiltViews[],
  read: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (!deps.progress.rebuilding) return read();
  if (await anyRebuilding(deps, views)) return behind();
  const answer = await read();
  return (await anyRebuilding(deps, views)) ? behind() : answer;
}

async function anyRebuilding(deps: Deps, views: readonly RebuiltViews[]): Promise<boolean> {
  for (const each of views) if (await isRebuilding(deps, each)) return true;
  return false;
}
