import { type Decoded, decode, decodeParsed } from '../../events/codec.ts';
import type { AllPage, EventLog, LogPosition, ParsedPages, RecordedEvent } from '../../events/event-store.ts';
import { type EventPlace, type Input, inputOf } from '../projection.ts';
import { createSubjects } from '../subjects.ts';
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

export interface Take {
  readonly tracks: readonly Track[];
  readonly page: Page;
  readonly onUnknown: (event: EventPlace) => void;
}

/**
 * Takes a page into all tracks that can go on, in one transaction: rows and checkpoints together. An event that a
 * view cannot take stops that view alone, right before the event; `failure` says why. Events of a type that no schema
 * knows are handed to `onUnknown`, once. Throws where the store fails: then nothing has changed.
 */
export function applyPage(store: RowStore, { tracks, page, onUnknown }: Take): void {
  for (;;) {
    const running = tracks.filter(({ failure, position }) => failure === null && position < page.through);
    const pass = passOver(running, page.events, decode);
    try {
      write(store, { tracks: running, page, pass });
    } catch (error) {
      const { track, event } = pass.at;
      if (store.faultOf(error) !== null || !track || !event || !(error instanceof Error)) throw error;
      applyBefore(store, { track, page, event });
      track.failure = { position: event.position, error };
      continue;
    }
    for (const event of pass.unknown) onUnknown(event);
    return;
  }
}

/** What of the page comes before the event that a view cannot take. */
function applyBefore(
  store: RowStore,
  { track, page, event }: { track: Track; page: Page; event: RecordedEvent },
): void {
  const events = page.events.slice(0, page.events.indexOf(event));
  const before = { events, through: events.at(-1)?.position ?? track.position };
  if (before.through > track.position)
    write(store, { tracks: [track], page: before, pass: passOver([track], before.events, decode) });
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
      for (const { projection } of tracks) projection.flush();
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

/** What memory held is gone with the transaction. */
function forget(store: RowStore, tracks: readonly Track[]): void {
  store.reset();
  for (const { projection } of tracks) projection.reset();
}

export interface Fill {
  readonly log: EventLog & Partial<ParsedPages>;
  readonly tracks: readonly Track[];
  readonly until?: LogPosition;
  readonly stepEvents: number;
  readonly onUnknown: (event: EventPlace) => void;
}

/**
 * As many events as one transaction is worth, in pages small enough to die young; true where that was all. For tracks
 * that nobody reads yet: an event that one of them cannot take throws, and nothing has changed.
 */
export async function fill(store: RowStore, { log, tracks, until, stepEvents, onUnknown }: Fill): Promise<boolean> {
  let after = furthestBehind(tracks) ?? 0;
  let taken = 0;
  let more = true;
  try {
    await store.transactionOver(async () => {
      while (more && taken < stepEvents) {
        const limit = Math.min(PAGE_EVENTS, stepEvents - taken);
        const { events, pass } = await read(log, tracks, { after, limit, ...(until !== undefined && { until }) });
        pass.run();
        for (const event of pass.unknown) onUnknown(event);
        after = events.at(-1)?.position ?? after;
        taken += events.length;
        more = events.length >= limit;
      }
      for (const { projection } of tracks) projection.flush();
      move(
        store,
        tracks.filter(({ position }) => position < after),
        after,
      );
    });
  } catch (error) {
    forget(store, tracks);
    throw error;
  }
  for (const track of tracks) track.position = Math.max(track.position, after);
  return !more;
}

type Read = { events: readonly EventPlace[]; pass: Pass<EventPlace> };

async function read(log: Fill['log'], tracks: readonly Track[], page: AllPage): Promise<Read> {
  const parsed = await log.readParsed?.(page);
  if (parsed) return { events: parsed, pass: passOver(tracks, parsed, decodeParsed) };
  const events = await log.readAll(page);
  return { events, pass: passOver(tracks, events, decode) };
}

interface Pass<Event extends EventPlace> {
  run(): void;
  /** Which track was at which event, for whoever has to explain an error. */
  readonly at: { track: Track | null; event: Event | null };
  readonly unknown: EventPlace[];
}

function passOver<Event extends EventPlace>(
  tracks: readonly Track[],
  events: readonly Event[],
  decodeEvent: (event: Event) => Decoded,
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
      if (subject === null) continue;
      at.event = event;
      let input: Input | null = null;
      for (const track of takers[subject.category]) {
        if (event.position <= track.position) continue;
        at.track = track;
        if (input === null) {
          const decoded = decodeEvent(event);
          input = inputOf(event, subject, decoded);
          if (!decoded.known) unknown.push(event);
        }
        track.projection.apply(input);
      }
    }
    at.event = null;
  }
  return { run, at, unknown };
}
