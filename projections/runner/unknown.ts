import type { EventPlace } from '../projection.ts';
import type { Report } from './report.ts';

/** Events of types that no schema knows: the log keeps them, here they are counted, and each type is reported once. */
export interface UnknownEvents {
  readonly counts: ReadonlyMap<string, number>;
  count(event: EventPlace): void;
}

export function createUnknownEvents(report: (report: Report) => void): UnknownEvents {
  const counts = new Map<string, number>();
  return {
    counts,
    count({ type, stream, position }) {
      const before = counts.get(type) ?? 0;
      counts.set(type, before + 1);
      if (before === 0) report({ kind: 'unknown-event', type, stream, position });
    },
  };
}
