import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { type Input, inputCategory, inputOf } from '../projection.ts';
import type { RowStore } from './ports.ts';
import type { Track } from './tracks.ts';

export interface Page {
  /** What the page was read after. */
  readonly after: LogPosition;
  readonly events: readonly RecordedEvent[];
  /** Everything at or before it has been read: where the views are afterwards, even if nothing was for them. */
  readonly through: LogPosition;
}

/** A rebuild flushes a view that can wait once so many of its rows are in memory. */
const HELD_ROWS_MAX = 150_000;

export interface Take {
  readonly tracks: readonly Track[];
  readonly page: Page;
  readonly onUnknown: (event: RecordedEvent) => void;
  /** More pages follow at once: rows of views that can wait are left in memory, and their checkpoint where it is. */
  readonly defer?: boolean;
}

/**
 * Takes a page into all tracks that can go on, in one transaction: rows and checkpoints together. An event that a
 * view cannot take stops that view alone, right before the event; `failure` says why. Events of a type that no schema
 * knows are handed to `onUnknown`, once. Throws where the store fails: then nothing has changed.
 */
export function applyPage(store: RowStore, take: Take): void {
  for (;;) {
    const { page } = take;
    const running = take.tracks.filter((track) => isDue(track, page));
    const stored = running.filter((track) => !(take.defer && canWait(track)));
    const pass = passOver(running, page);
    try {
      store.transaction(() => write(store, { tracks: stored, page, pass }));
    } catch (error) {
      rollBack(store, running);
      const { track, event } = pass.at;
      if (store.faultOf(error) !== null || !track || !event || !(error instanceof Error)) throw error;
      track.failure = { position: event.position, error };
      applyBefore(store, { track, page, event });
      continue;
    }
    for (const track of running) track.position = Math.max(track.position, page.through);
    for (const track of stored) track.saved = track.position;
    for (const event of pass.unknown) take.onUnknown(event);
    return;
  }
}

/** Not one that went back behind the page: it is read again from where it is. */
const isDue = ({ failure, position, saved }: Track, page: Page): boolean =>
  failure === null && position >= page.after && (position < page.through || saved < position);

const canWait = ({ projection }: Track): boolean => projection.held !== undefined && projection.held() < HELD_ROWS_MAX;

/** Checkpoints first: where somebody else has moved them, no row is of use. */
function write(store: RowStore, { tracks, page, pass }: { tracks: readonly Track[]; page: Page; pass: Pass }): void {
  for (const { view, generation, saved, position } of tracks) {
    store.move(view, generation, { from: saved, to: Math.max(position, page.through) });
  }
  pass.run();
  for (const { projection } of tracks) projection.flush();
}

/** What memory held is gone with the transaction; a view that had waited goes back to its checkpoint. */
function rollBack(store: RowStore, tracks: readonly Track[]): void {
  store.reset();
  for (const track of tracks) {
    track.projection.reset();
    track.position = track.saved;
  }
}

/** What of the page comes before the event that a view cannot take. */
function applyBefore(
  store: RowStore,
  { track, page, event }: { track: Track; page: Page; event: RecordedEvent },
): void {
  const events = page.events.slice(0, page.events.indexOf(event));
  const before = { events, after: page.after, through: events.at(-1)?.position ?? track.position };
  // A view that had waited is further back than this page: it is read again from there, up to the same event.
  if (before.through <= track.position || track.position < page.after) return;
  const pass = passOver([track], before);
  store.transaction(() => write(store, { tracks: [track], page: before, pass }));
  track.position = before.through;
  track.saved = before.through;
}

interface Pass {
  run(): void;
  /** Which track was at which event, for whoever has to explain an error. */
  readonly at: { track: Track | null; event: RecordedEvent | null };
  readonly unknown: RecordedEvent[];
}

function passOver(tracks: readonly Track[], page: Page): Pass {
  const at: Pass['at'] = { track: null, event: null };
  const unknown: RecordedEvent[] = [];
  function run(): void {
    for (const event of page.events) {
      const category = inputCategory(event);
      if (category === null) continue;
      at.event = event;
      let input: Input | null = null;
      for (const track of tracks) {
        if (event.position <= track.position || !track.categories.has(category)) continue;
        at.track = track;
        if (input === null) {
          const read = inputOf(event, category);
          input = read.input;
          if (!read.known) unknown.push(event);
        }
        track.projection.apply(input);
      }
    }
    at.event = null;
  }
  return { run, at, unknown };
}
