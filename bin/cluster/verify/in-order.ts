import type { ComparedKind, ComparedSoFar } from '../../../projections/generations/ports.ts';
import type { FillLimits } from '../../../projections/partitions/pace.ts';
import { pause } from '../../../projections/pause.ts';
import { restMs } from '../../../projections/rest.ts';
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

/** How fast it may go, on average. */
export type GradeLimits = Pick<FillLimits, 'eventsPerSecond' | 'share'>;

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
  async function gradeOne(part: Part): Promise<void> {
    const graded = await patiently(() => {
      underWay.set(part, 0);
      return part.grade((events) => {
        underWay.set(part, Math.min(events, part.weight));
        tell();
      });
    }, signal);
    underWay.delete(part);
    early.set(part, graded);
    done += part.weight;
    tell();
    takeOn();
  }
  // All lanes together keep to the rate.
  const { eventsPerSecond, share } = limits;
  const ofLane = { eventsPerSecond: eventsPerSecond === null ? null : eventsPerSecond / LANES, share };
  async function lane(): Promise<void> {
    for (let part = parts[begun++]; part; part = parts[begun++]) {
      signal.throwIfAborted();
      const began = performance.now();
      await gradeOne(part);
      const worked = { events: part.weight, ms: performance.now() - began };
      if (begun < parts.length) await pause(restMs(ofLane, worked), signal);
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}
