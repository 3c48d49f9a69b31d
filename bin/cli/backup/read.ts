import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { eventOf, linesOf } from './chain.ts';
import { checkSegment, type Damage } from './check-segment.ts';
import { type BackupManifest, type BackupSegment, damaged } from './manifest.ts';
import type { RestorePoint } from './point.ts';

const PAGE_EVENTS = 1_000;

/** A segment's bytes, or where it is damaged. */
export async function readSegment(folder: string, of: BackupSegment): Promise<{ bytes: Buffer; damage: Damage[] }> {
  try {
    const bytes = await readFile(join(folder, of.name));
    return { bytes, damage: checkSegment(bytes, of) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const place = { line: 0, position: null, stream: null, revision: null, after: null };
    return { bytes: Buffer.alloc(0), damage: [{ kind: 'no-file', segment: of.name, ...place }] };
  }
}

/** A segment that is sound. Throws `VerbFailed`, `corrupt`, at the first damage. */
export async function checkedSegment(folder: string, of: BackupSegment): Promise<Buffer> {
  const { bytes, damage } = await readSegment(folder, of);
  const [first] = damage;
  if (first) throw damaged(describeDamage(first));
  return bytes;
}

export function lastEventOf(segment: Buffer): RecordedEvent {
  const last = [...linesOf(segment)].at(-1);
  const event = last && eventOf(segment, last);
  if (!event) throw damaged('its last segment ends with no event');
  return event;
}

/**
 * The events of a backup, checked before they are given: through a position, or all before the first that was recorded
 * after a time. What lies behind may be damaged. Throws `VerbFailed`, `corrupt`, where it comes to a damage.
 */
export async function* backedUpPages(
  folder: string,
  { segments }: BackupManifest,
  until: RestorePoint | null,
): AsyncGenerator<RecordedEvent[]> {
  const isBeyond = (event: RecordedEvent): boolean =>
    until !== null && ('position' in until ? event.position > until.position : event.recordedAt > until.time);
  for (const segment of segments) {
    if (until !== null && 'position' in until && segment.first > until.position) break;
    let page: RecordedEvent[] = [];
    for (const event of soundEvents(await readSegment(folder, segment))) {
      if (isBeyond(event)) {
        yield page;
        return;
      }
      page.push(event);
      if (page.length < PAGE_EVENTS) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }
}

/** The events of a segment to its first damage, which is thrown. */
function* soundEvents({ bytes, damage: [damage] }: { bytes: Buffer; damage: Damage[] }): Generator<RecordedEvent> {
  for (const line of linesOf(bytes)) {
    if (line.number === damage?.line) break;
    const event = eventOf(bytes, line);
    if (!event) throw damaged(`line ${line.number} has the right hash and is no event`); // so it was written
    yield event;
  }
  if (damage) throw damaged(describeDamage(damage));
}

const SAID: Record<Damage['kind'], string> = {
  changed: 'was changed',
  'hash-changed': 'is sound, and the hash beside it was changed',
  added: 'was added',
  moved: 'stood at another place',
  missing: 'is there, and what stood before it is missing',
  'changed-or-missing': 'was changed, or what stood before it is missing',
  'no-file': '',
};

export function describeDamage({ kind, segment, line, position, stream, revision, after }: Damage): string {
  if (kind === 'no-file') return `${segment} is missing`;
  const place = `${segment} line ${line}`;
  const before = after === null ? 'at the beginning of the segment' : `after position ${after}`;
  if (kind === 'missing' && position === null) return `${place}: the events ${before} are missing`;
  if (position === null) return `${place}: what stands there, ${before}, is no event`;
  return `${place}: position ${position}, ${stream} revision ${revision}, ${SAID[kind]} (${before})`;
}
