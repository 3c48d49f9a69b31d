/** What one fault came to. */
export interface Row {
  readonly fault: string;
  /** Milliseconds from the fault until everybody had all that was acknowledged when it was over, by round. */
  readonly recoveryMs: number[];
  /** The longest that any message took from its sender's first try to any member, by round. */
  readonly waitMs: number[];
  /** The longest that any sender waited for an answer, by round. */
  readonly ackMs: number[];
  lost: number;
  duplicated: number;
  reordered: number;
  /** What else the clients noted. */
  other: number;
  /** Rounds after which somebody did not catch up in time. */
  stuck: number;
  /** What the processes used before a flood, at most, and after it, in words. */
  memory: string | null;
  /** What speaks against them. */
  readonly tooMuch: string[];
}

export const HEADER = [
  '| fault | rounds | lost | duplicated | reordered | else wrong | never caught up | all caught up after, s: median, max | longest from send to push, s: median, max | longest until acknowledged, s: median, max |',
  '|---|---|---|---|---|---|---|---|---|---|',
].join('\n');

export const newRow = (fault: string): Row => ({
  fault,
  recoveryMs: [],
  waitMs: [],
  ackMs: [],
  lost: 0,
  duplicated: 0,
  reordered: 0,
  other: 0,
  stuck: 0,
  memory: null,
  tooMuch: [],
});

export function describe(row: Row): string {
  const { fault, recoveryMs, lost, duplicated, reordered, other, stuck, waitMs, ackMs, memory } = row;
  const cells = [
    fault,
    recoveryMs.length,
    lost,
    duplicated,
    reordered,
    other,
    stuck,
    ...[recoveryMs, waitMs, ackMs].map(times),
  ];
  return `| ${cells.join(' | ')} |${memory === null ? '' : ` memory before → most → after: ${memory}`}`;
}

function times(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return [middle, sorted.at(-1) ?? 0].map((one) => (one / 1_000).toFixed(1)).join(', ');
}
