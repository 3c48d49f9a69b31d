import { type Decoded, decode, decodeParsed } from '../../events/codec.ts';
import type { AllPage, EventLog, LogPosition, ParsedPages, RecordedEvent } from '../../events/event-store.ts';
import type { Taken } from '../parking/attempt.ts';
import { leftOutInput } from '../parking/left-out.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import { type EventPlace, type Input, inputOf } from '../projection.ts';
import { createSubjects, type Subject } from '../subjects.ts';
import type { RowStore } from './ports.ts';
import { furthestBehind, type Track } from './tracks.ts';

/** Events read at once within a longer transaction: so few that even the longest that there can be fit into one text. */
const PAGE_EVENTS = 250;

const subjectOf = createSubjects();

export interface Page {
  readonly events: readonly RecordedEvent[];
  /** Everything at or before it has been read: where the views are afterwards, even if nothing was for them. */
  readonly through: LogPosition;
}

export interface Told {
  readonly onUnknown: (event: EventPlace) => void;
  readonly onParked: (event: ParkedEvent) => void;
}

export interface Take extends Told {
  readonly tracks: readonly Track[];
  readonly page: Page;
}

/**
 * Takes a page into all tracks, in one transaction: rows and checkpoints together, and what is parked. An event that a
 * view cannot take parks its chat in that view alone. Events of a type that no schema knows are handed to `onUnknown`,
 * once. Throws where the store fails: then nothing has changed.
 */
export function applyPage(store: RowStore, { tracks, page, ...told }: Take): void {
  for (;;) {
    const running = tracks.filter(({ position }) => position < page.through);
    const pass = passOver(running, page.events, decode);
    try {
      write(store, { tracks: running, page, pass });
    } catch (error) {
      if (!isPoison(store, pass, error)) throw error;
      continue;
    }
    tellOf(running, pass, told);
    return;
  }
}

const NOWHERE: Pass<EventPlace>['at'] = { track: null, event: null };

/** Whether it is an event that was refused: the next attempt parks it. */
function isPoison(store: RowStore, pass: Pass<EventPlace> | null, error: unknown): boolean {
  const { track, event } = pass?.at ?? NOWHERE;
  if (store.faultOf(error) !== null || !track || !event || !(error instanceof Error)) return false;
  track.lot.poison(event, error);
  return true;
}

function tellOf(
  tracks: readonly Track[],
  { unknown }: Pick<Pass<EventPlace>, 'unknown'>,
  { onUnknown, onParked }: Told,
): void {
  for (const event of unknown) onUnknown(event);
  for (const { lot } of tracks) for (const event of lot.committed()) onParked(event);
}

function write(
  store: RowStore,
  { tracks, page, pass }: { tracks: readonly Track[]; page: Page; pass: Pass<RecordedEvent> },
): void {
  try {
    store.transaction(() => {
      // Checkpoints first: where somebody else has moved them, no row is of use.
      move(store, tracks, page.through);
      pass.run();
      flush(tracks);
    });
  } catch (error) {
    forget(store, tracks);
    throw error;
  }
  for (const track of tracks) track.position = page.through;
}

function move(store: RowStore, tracks: readonly Track[], to: LogPosition): void {
  for (const { view, generation, position } of tracks) store.move(view, generation, { from: position, to });
}

function flush(tracks: readonly Track[]): void {
  for (const { projection, lot } of tracks) {
    projection.flush();
    lot.flush();
  }
}

/** What memory held is gone with the transaction. */
function forget(store: RowStore, tracks: readonly Track[]): void {
  store.reset();
  for (const { projection, lot } of tracks) {
    projection.reset();
    lot.reset();
  }
}

export interface ApplyEvents {
  readonly track: Track;
  readonly events: readonly RecordedEvent[];
  readonly isLeftOut: (event: RecordedEvent) => boolean;
  /** What else belongs to the transaction. */
  also(): void;
}

/** Events that the view has gone past already, in one transaction, the checkpoint staying where it is. */
export function applyEvents(store: RowStore, { track, events, isLeftOut, also }: ApplyEvents): Taken {
  let at: RecordedEvent | null = null;
  try {
    store.transaction(() => {
      also();
      for (const event of events) {
        const subject = subjectOf(event.stream);
        if (subject === null || !track.categories.has(subject.category)) continue;
        at = event;
        track.projection.apply(
          isLeftOut(event) ? leftOutInput(event, subject) : inputOf(event, subject, decode(event)),
        );
      }
      at = null;
      track.projection.flush();
    });
  } catch (error) {
    forget(store, [track]);
    if (at === null || store.faultOf(error) !== null || !(error instanceof Error)) throw error;
    return { outcome: 'poison', event: at, error };
  }
  return { outcome: 'done' };
}

export interface Fill extends Told {
  readonly log: EventLog & Partial<ParsedPages>;
  readonly tracks: readonly Track[];
  readonly until?: LogPosition;
  readonly stepEvents: number;
  /** Left out: all. */
  readonly wants?: (subject: Subject) => boolean;
}

/**
 * As many events as one transaction is worth, in pages small enough to die young; true where that was all. For tracks
 * that nobody reads yet: after an event that one of them cannot take nothing has changed, but that the next call parks it.
 */
export async function fill(
  store: RowStore,
  { log, tracks, until, stepEvents, wants, ...told }: Fill,
): Promise<boolean> {
  let after = furthestBehind(tracks) ?? 0;
  let taken = 0;
  let more = true;
  let pass: Pass<EventPlace> | null = null;
  const unknown: EventPlace[] = [];
  try {
    await store.transactionOver(async () => {
      while (more && taken < stepEvents) {
        const limit = Math.min(PAGE_EVENTS, stepEvents - taken);
        const page = await read({ log, tracks, wants }, { after, limit, ...(until !== undefined && { until }) });
        const { events } = page;
        pass = page.pass;
        pass.run();
        unknown.push(...pass.unknown);
        after = events.at(-1)?.position ?? after;
        taken += events.length;
        more = events.length >= limit;
      }
      flush(tracks);
      move(
        store,
        tracks.filter(({ position }) => position < after),
        after,
      );
    });
  } catch (error) {
    forget(store, tracks);
    if (!isPoison(store, pass, error)) throw error;
    return false;
  }
  for (const track of tracks) track.position = Math.max(track.position, after);
  tellOf(tracks, { unknown }, told);
  return !more;
}

type Read = { events: readonly EventPlace[]; pass: Pass<EventPlace> };
/** As both ways of reading have it. */
type Stored = EventPlace & { readonly metadata: unknown; readonly recordedAt?: number };

async function read(
  { log, tracks, wants }: Pick<Fill, 'log' | 'tracks'> & { wants: Fill['wants'] | undefined },
  page: AllPage,
): Promise<Read> {
  const parsed = await log.readParsed?.(page);
  if (parsed) return { events: parsed, pass: passOver(tracks, parsed, decodeParsed, wants) };
  const events = await log.readAll(page);
  return { events, pass: passOver(tracks, events, decode, wants) };
}

export interface Pass<Event extends EventPlace> {
  run(): void;
  /** Which track was at which event, for whoever has to explain an error. */
  readonly at: { track: Track | null; event: Event | null };
  readonly unknown: EventPlace[];
}

export function passOver<Event extends Stored>(
  tracks: readonly Track[],
  events: readonly Event[],
  decodeEvent: (event: Event) => Decoded,
  wants: (subject: Subject) => boolean = () => true,
): Pass<Event> {
  const at: Pass<Event>['at'] = { track: null, event: null };
  const unknown: EventPlace[] = [];
  const takers = {
    chat: tracks.filter(({ categories }) => categories.has('chat')),
    user: tracks.filter(({ categories }) => categories.has('user')),
    receipts: tracks.filter(({ categories }) => categories.has('receipts')),
  };
  function run(): void {
    for (const event of events) {
      const subject = subjectOf(event.stream);
      if (subject === null || !wants(subject)) continue;
      at.event = event;
      let input: Input | null = null;
      for (const track of takers[subject.category]) {
        if (event.position <= track.position) continue;
        const verdict = track.lot.quiet ? 'take' : track.lot.verdict(event);
        if (verdict === 'waits') continue;
        at.track = track;
        if (verdict === 'left-out') {
          track.projection.apply(leftOutInput(event, subject));
          continue;
        }
        if (input === null) {
          const decoded = decodeEvent(event);
          input = inputOf(event, subject, decoded);
          if (!decoded.known) unknown.push({ ...event, type: decoded.type });
        }
        track.projection.apply(input);
      }
    }
    at.event = null;
  }
  return { run, at, unknown };
}
