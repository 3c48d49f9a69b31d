import { claimedHash, eventOf, hashBehind, type Line, linesOf } from './chain.ts';
import type { BackupSegment } from './manifest.ts';

/** What is wrong with a line, or between it and the one before. */
export type DamageKind =
  /** The event is not what was backed up. */
  | 'changed'
  /** The event is sound, and the hash beside it is not what was written. */
  | 'hash-changed'
  /** It was not there. */
  | 'added'
  /** It stood at another place. */
  | 'moved'
  /** What stood before it is gone; at the end of a segment, behind it. */
  | 'missing'
  /** It was changed, or what stood before it is gone: events are missing, and this is one of several places. */
  | 'changed-or-missing'
  /** The file of a segment is not there. */
  | 'no-file';

/** Where a backup is damaged. Position, stream and revision are as the line says, null where it can say nothing. */
export interface Damage {
  kind: DamageKind;
  segment: string;
  line: number;
  position: number | null;
  stream: string | null;
  revision: number | null;
  /** The position of the last sound event before; null where there is none in the segment. */
  after: number | null;
}

/** All that is damaged in a segment, nothing where every line is what was backed up, at its place. */
export function checkSegment(segment: Buffer, of: BackupSegment): Damage[] {
  let link = of.before;
  let count = 0;
  for (const line of linesOf(segment)) {
    if (hashBehind(segment, line, link) !== claimedHash(segment, line)) return diagnose(segment, of);
    link = claimedHash(segment, line);
    count++;
  }
  return link === of.after && count === of.events ? [] : diagnose(segment, of);
}

interface Suspect {
  line: Line;
  /** Null until what follows has told. */
  kind: 'hash-changed' | 'added' | 'moved' | null;
  /** The hash of the line before. */
  behind: string;
  claimed: string;
  found: string | null;
  after: Line | null;
}

interface Walk {
  suspects: Suspect[];
  link: string;
  sound: Line | null;
  lines: number;
}

/**
 * Follows the chain through the lines as they stand. A line that does not follow from the one before is a suspect; what
 * became of it is told by the lines behind it: whose hash they continue.
 */
function diagnose(segment: Buffer, of: BackupSegment): Damage[] {
  const walk: Walk = { suspects: [], link: of.before, sound: null, lines: 0 };
  for (const line of linesOf(segment)) {
    walk.lines++;
    const claimed = claimedHash(segment, line);
    const follows = (from: string): boolean => hashBehind(segment, line, from) === claimed;
    if (follows(walk.link) || explains(walk.suspects, line.number, follows)) {
      Object.assign(walk, { link: claimed, sound: line });
    } else {
      const gap = walk.suspects.find(({ kind, behind }) => kind === null && follows(behind));
      const kind = gap ? 'moved' : null;
      const found = hashBehind(segment, line, walk.link);
      walk.suspects.push({ line, kind, behind: walk.link, claimed, found, after: walk.sound });
      if (gap)
        walk.suspects.splice(walk.suspects.indexOf(gap), 1); // this is what was missing there
      else walk.link = claimed;
    }
  }
  const ends = (link: string): boolean => link === of.after;
  return verdict(segment, of, { ...walk, complete: ends(walk.link) || explains(walk.suspects, walk.lines + 1, ends) });
}

/** Whether the line `next`, or the end there, continues something that explains the suspects right before it. */
function explains(suspects: readonly Suspect[], next: number, follows: (link: string) => boolean): boolean {
  const run = runBefore(suspects, next);
  const last = run.at(-1);
  if (last?.found && follows(last.found)) {
    last.kind = 'hash-changed';
    return true;
  }
  const from = run.findIndex(({ behind }) => follows(behind));
  if (from >= 0) {
    for (const suspect of run.slice(from)) suspect.kind = 'added';
    return true;
  }
  const moved = suspects.find(({ kind, claimed }) => kind === 'added' && follows(claimed));
  if (moved) moved.kind = 'moved';
  return moved !== undefined;
}

/** The suspects of which nothing is known yet and that stand right before a line, one behind the other. */
function runBefore(suspects: readonly Suspect[], next: number): Suspect[] {
  let from = suspects.length;
  for (let number = next - 1; from > 0; number--, from--) {
    const suspect = suspects[from - 1];
    if (suspect?.kind !== null || suspect.line.number !== number) break;
  }
  return suspects.slice(from);
}

function verdict(segment: Buffer, of: BackupSegment, walk: Walk & { complete: boolean }): Damage[] {
  const { suspects, lines, sound, complete } = walk;
  for (const suspect of suspects) if (suspect.claimed === suspect.behind) suspect.kind ??= 'added'; // the line before, once more
  const missing = of.events - lines + suspects.filter(({ kind }) => kind === 'added').length;
  const untold = suspects.filter(({ kind }) => kind === null).length;
  const rest = missing <= 0 ? 'changed' : untold === 1 && complete ? 'missing' : 'changed-or-missing';
  const found = suspects.map(({ line, kind, after }) => damageAt(segment, of, { line, kind: kind ?? rest, after }));
  if (complete && found.length > 0) return found;
  const end: Line = { number: lines + 1, start: segment.length, end: segment.length };
  return [...found, damageAt(segment, of, { line: end, kind: 'missing', after: sound })];
}

function damageAt(
  segment: Buffer,
  of: BackupSegment,
  { line, kind, after }: { line: Line; kind: DamageKind; after: Line | null },
): Damage {
  const place = placeOf(segment, line);
  return {
    kind,
    segment: of.name,
    line: line.number,
    position: place?.position ?? null,
    stream: place?.stream ?? null,
    revision: place?.revision ?? null,
    after: after === null ? null : (placeOf(segment, after)?.position ?? null),
  };
}

const BEGINNING = /^\[(\d+),"([^"\\]*)",(\d+),/;

/** Of a line that is no event any more, its beginning may still say. */
function placeOf(segment: Buffer, line: Line): { position: number; stream: string; revision: number } | null {
  const event = eventOf(segment, line);
  if (event) return event;
  const text = segment.toString('utf8', line.start, line.end);
  const [, position, stream, revision] = BEGINNING.exec(text.slice(text.indexOf('['))) ?? [];
  return stream === undefined ? null : { position: Number(position), stream, revision: Number(revision) };
}
