import type { ComparedKind, ComparedSoFar } from '../../../projections/generations/ports.ts';
import type { Graded } from './graded.ts';
import { patiently } from './patiently.ts';

/** What is compared in one go: again from its beginning where that was interrupted. */
export interface Part {
  readonly kind: ComparedKind;
  /** The last of whom it is about. */
  readonly through: string;
  /** How much work it is, beside others. */
  readonly weight: number;
  grade(): Promise<Graded>;
}

const KINDS: readonly ComparedKind[] = ['histories', 'chats', 'users'];
/** Parts that are compared side by side. */
const LANES = 4;

/** Of these, in order, those that an earlier run has not compared. */
export function notYet(kind: ComparedKind, ids: Iterable<string>, before: ComparedSoFar | null): string[] {
  const all = [...ids].sort();
  if (!before || KINDS.indexOf(kind) > KINDS.indexOf(before.kind)) return all;
  return kind === before.kind ? all.filter((id) => id > before.through) : [];
}

interface InOrder {
  readonly signal: AbortSignal;
  /** Told of each part as soon as it is compared. */
  done(part: Part): void;
  /** Given what was found, in the order of the parts. */
  take(part: Part, graded: Graded): void;
}

/** Compares the parts, some of them side by side. */
export async function gradeInOrder(parts: readonly Part[], { signal, done, take }: InOrder): Promise<void> {
  const early = new Map<Part, Graded>();
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
      early.set(part, await patiently(part.grade, signal));
      done(part);
      takeOn();
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}
