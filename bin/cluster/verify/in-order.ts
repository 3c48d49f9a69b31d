import type { ComparedKind, ComparedSoFar } from '../../../projections/generations/ports.ts';
import type { FillLimits } from '../../../projections/partitions/pace.ts';
import { pause } from '../../../projections/pause.ts';
import type { Graded } from './graded.ts';
import { patiently } from './patiently.ts';

/** What is compared in one go: again from its beginning where that was interrupted. */
export interface Part {
  readonly kind: ComparedKind;
  /** The last of whom it is about. */
  readonly through: string;
  /** How much work it is, beside others: the events that it is compared with, and one for each chat or user. */
  readonly weight: number;
  /** `went`: may be told, by long parts, of how many events it has been compared with. */
  grade(went: (events: number) => void): Promise<Graded>;
}

const KINDS: readonly ComparedKind[] = ['histories', 'chats', 'users'];
/** Parts that are compared side by side. */
const LANES = 4;
const SECOND_MS = 1_000;

/** How fast it may go, on average. */
export type GradeLimits = Pick<FillLimits, 'eventsPerSecond' | 'share'>;

/** What a lane owes after a part: all of them together keep the limits. */
function restMs({ eventsPerSecond, share }: GradeLimits, { events, ms }: { events: number; ms: number }): number {
  const byShare = share === null ? 0 : (ms * (1 - share)) / share;
  const byRate = eventsPerSecond === null ? 0 : (LANES * events * SECOND_MS) / eventsPerSecond - ms;
  return Math.max(0, byShare, byRate);
}

/** Of these, in order, those that an earlier run has not compared. */
export function notYet(kind: ComparedKind, ids: Iterable<string>, before: ComparedSoFar | null): string[] {
  const all = [...ids].sort();
  if (!before || KINDS.indexOf(kind) > KINDS.indexOf(before.kind)) return all;
  return kind === before.kind ? all.filter((id) => id > before.through) : [];
}

interface InOrder {
  readonly signal: AbortSignal;
  readonly limits: GradeLimits;
  /** Told how much is done, in weights of parts. */
  went(done: number): void;
  /** Given what was found, in the order of the parts. */
  take(part: Part, graded: Graded): void;
}

/** Compares the parts, some of them side by side. */
export async function gradeInOrder(parts: readonly Part[], { signal, limits, went, take }: InOrder): Promise<void> {
  const early = new Map<Part, Graded>();
  const underWay = new Map<Part, number>();
  let done = 0;
  const tell = (): void => went([...underWay.values()].reduce((sum, events) => sum + events, done));
  let [begun, taken] = [0, 0];
  function takeOn(): void {
    for (let part = parts[taken]; part; part = parts[taken]) {
      const graded = early.get(part);
      if (!graded) return;
      early.delete(part);
      taken += 1;
      take(part, graded);
    }
  }
  async function lane(): Promise<void> {
    for (let part = parts[begun++]; part; part = parts[begun++]) {
      signal.throwIfAborted();
      const at = part;
      const began = performance.now();
      const graded = await patiently(() => {
        underWay.set(at, 0);
        return at.grade((events) => {
          underWay.set(at, Math.min(events, at.weight));
          tell();
        });
      }, signal);
      underWay.delete(at);
      early.set(at, graded);
      done += at.weight;
      tell();
      takeOn();
      if (begun < parts.length)
        await pause(restMs(limits, { events: at.weight, ms: performance.now() - began }), signal);
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}
