/** One part of the proof: what it did, as facts, or the first thing that was wrong, thrown. */
export interface Part {
  name: string;
  what: string;
  /** Needs more than Node, or more time than the others: run where it is asked for by name. */
  onlyNamed?: true;
  run(options: PartOptions): Promise<Record<string, number | string>>;
}

export interface PartOptions {
  /** Of the full counts. */
  share: number;
  seed: number;
  /** Parts of names, of what a part is made up of; all of it where left out. */
  only?: readonly string[];
  say(text: string): void;
}

export class Disproved extends Error {
  override readonly name = 'Disproved';
}

export function ensure(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Disproved(what);
}

export const scaled = (full: number, share: number): number => Math.max(1, Math.round(full * share));
