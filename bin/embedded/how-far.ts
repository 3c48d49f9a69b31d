import type { ProjectionState } from '../../gateway/http/ops/port.ts';

const PERCENT = 100;

/** Of the view that is furthest behind, the longest that any of them has to go; null where all are near. */
export function howFar(states: readonly Pick<ProjectionState, 'progress' | 'etaS'>[]): string | null {
  const behind = states.filter(({ progress }) => progress !== null);
  if (behind.length === 0) return null;
  const percent = Math.floor(Math.min(...behind.map(({ progress }) => progress ?? 1)) * PERCENT);
  const etaS = Math.max(...behind.map((state) => state.etaS ?? 0));
  return etaS === 0 ? `${percent} %` : `${percent} %, about ${etaS} s to go`;
}
