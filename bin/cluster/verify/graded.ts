import type { ComparedSoFar, Comparison, Difference } from '../../../projections/generations/ports.ts';

/** Differences named one by one, of all views together; the rest is counted. */
const DIFFERENCES_MAX = 10_000;

/** What was found of one chat or user, or of all so far. */
export interface Graded {
  rows: number;
  readonly differences: Difference[];
}

export const nothing = (): Graded => ({ rows: 0, differences: [] });

export interface Total {
  add(graded: Graded): void;
  compared(): Pick<Comparison, 'rows' | 'differencesFound' | 'differences'>;
}

/** `before`: what an earlier run has compared. */
export function createTotal(before: ComparedSoFar | null = null): Total {
  const kept: Difference[] = [...(before?.differences ?? [])];
  let rows = before?.rows ?? 0;
  let found = before?.differencesFound ?? 0;
  return {
    add(graded) {
      rows += graded.rows;
      found += graded.differences.length;
      kept.push(...graded.differences.slice(0, Math.max(0, DIFFERENCES_MAX - kept.length)));
    },
    compared: () => ({ rows, differencesFound: found, differences: [...kept] }),
  };
}

/** What is in the way of telling a difference may pass: views go on while they are compared. */
const LOOKS_MAX = 3;

export async function lookAgain(look: () => Promise<Graded>): Promise<Graded> {
  for (let n = 1; ; n++) {
    const graded = await look();
    if (graded.differences.length === 0 || n >= LOOKS_MAX) return graded;
  }
}
