/** Baseline and product in alternating pairs, so that a machine that drifts drifts for both: the median of the pairs' ratios counts. */
export interface PairResult {
  baseline: number[];
  product: number[];
  ratios: number[];
  /** Median of product ÷ baseline, pair by pair. */
  ratio: number;
}

export async function pairs(
  count: number,
  baseline: () => Promise<number>,
  product: () => Promise<number>,
): Promise<PairResult> {
  const result: PairResult = { baseline: [], product: [], ratios: [], ratio: Number.NaN };
  for (let pair = 0; pair < count; pair++) {
    const b = await baseline();
    const p = await product();
    result.baseline.push(b);
    result.product.push(p);
    result.ratios.push(p / b);
  }
  result.ratio = median(result.ratios);
  return result;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? Number.NaN;
}

export interface Verdict {
  bench: string;
  what: string;
  ratio: number;
  /** `≥` or `≤` the target. */
  target: { is: 'at least' | 'at most'; value: number };
  details: Record<string, unknown>;
}

export const reached = ({ ratio, target }: Verdict): boolean =>
  target.is === 'at least' ? ratio >= target.value : ratio <= target.value;
