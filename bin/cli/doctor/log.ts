import { existsSync } from 'node:fs';
import { decode, MalformedEvent } from '../../../events/codec.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { openDatabase } from '../../../infra/sqlite/database.ts';
import { openEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { inspectEventLog, type LogInspection } from '../../../infra/sqlite/event-store/inspect.ts';
import { whyUnfit } from '../../../infra/sqlite/views/schema.ts';
import type { DataFolder } from '../../data-folder.ts';
import { progress } from '../progress.ts';
import { type Check, fine, note, wrong } from './check.ts';

export interface LogChecks {
  checks: Check[];
  /** Null where there is no log, or none that can be read. */
  log: LogInspection | null;
}

/** The file's structure, its numbers, and that every event can be read. */
export async function checkLog(folder: DataFolder): Promise<LogChecks> {
  if (!existsSync(folder.events)) return { checks: [note('log', 'no log yet; the first start makes one')], log: null };
  const log = await inspectEventLog(folder.events);
  const { epoch, events, streams, lastPosition, damage, streamsWithGaps, missingPositions } = log;
  const facts = { epoch, events, streams, lastPosition };
  const faults = [
    ...damage,
    ...streamsWithGaps.map((stream) => `${stream} has a gap`),
    ...(missingPositions === 0 ? [] : [`${missingPositions} positions are missing`]),
  ];
  const structure =
    faults.length === 0
      ? fine('log', `sound: ${events} events in ${streams} streams`, facts)
      : wrong('log', `damaged: ${faults.join('; ')}`, facts);
  return { checks: [structure, damage.length === 0 ? await checkEvents(folder, log) : unread()], log };
}

const unread = (): Check => wrong('events', 'not read, since the log is damaged: restore a backup');

async function checkEvents(folder: DataFolder, { events, lastPosition }: LogInspection): Promise<Check> {
  const log = await openEventLog({ file: folder.events });
  const unknown: Record<string, number> = {};
  const malformed: string[] = [];
  const bar = progress('read', events, 'events');
  let read = 0;
  try {
    for await (const page of pagesOfLog(log, { until: lastPosition })) {
      for (const event of page) readEvent(event, { unknown, malformed });
      read += page.length;
      bar.update(read);
    }
  } finally {
    bar.stop();
    await log.close();
  }
  const strange = Object.entries(unknown).map(([type, count]) => `${count} of ${type}`);
  const facts = { unknown, malformed: malformed.length };
  if (malformed.length > 0)
    return wrong('events', `${malformed.length} cannot be read, the first: ${malformed[0]}`, facts);
  return strange.length === 0
    ? fine('events', `all ${events} can be read and are of known types`, facts)
    : note('events', `of types that this version does not know, kept as they are: ${strange.join(', ')}`, facts);
}

function readEvent(event: RecordedEvent, found: { unknown: Record<string, number>; malformed: string[] }): void {
  try {
    const { known, type } = decode(event);
    if (!known) found.unknown[type] = (found.unknown[type] ?? 0) + 1;
  } catch (error) {
    if (!(error instanceof MalformedEvent)) throw error;
    found.malformed.push(error.message);
  }
}

/** Whether the views fit the log and how far each has come. */
export async function checkViews(folder: DataFolder, log: LogInspection | null): Promise<Check> {
  if (!existsSync(folder.views)) return note('views', 'none yet; they are built from the log at the next start');
  if (!log) return note('views', 'not compared, since there is no log');
  const database = await openDatabase({ file: folder.views, synchronous: 'normal', readOnly: true });
  try {
    const why = whyUnfit(database, { epoch: log.epoch, head: log.lastPosition });
    if (why !== null) return note('views', `of no use (${why}): they are built afresh at the next start`);
    const rows = database
      .prepare<{ view: string; position: number; paused: number }>(
        'SELECT view, position, paused FROM checkpoints JOIN generations USING (view) WHERE generation = live ORDER BY view',
      )
      .all();
    const views = rows.map(({ view, position, paused }) => ({
      name: view,
      behind: Math.max(0, log.lastPosition - position),
      paused: paused === 1,
    }));
    const said = views.map(({ name, behind, paused }) => `${name} ${behind} behind${paused ? ', paused' : ''}`);
    return (views.some(({ paused }) => paused) ? note : fine)('views', said.join('; '), { views });
  } finally {
    database.close();
  }
}
