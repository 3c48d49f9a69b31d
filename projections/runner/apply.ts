import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { type Input, inputCategory, inputOf } from '../projection.ts';
import type { RowStore } from './ports.ts';
import type { Track } from './tracks.ts';

export interface Page {
  readonly events: readonly RecordedEvent[];
  /** Everything at or before it has been read: where the views are afterwards, even if nothing was for them. */
  readonly through: LogPosition;
}

/**
 * Takes a page into all tracks that can go on, in one transaction: rows and checkpoints together. An event that a
 * view cannot take stops that view alone, right before the event; `failure` says why. Events of a type that no schema
 * knows are handed to `onUnknown`, once. Throws where the store fails: then nothing has changed.
 */
export function applyPage(
  store: RowStore,
  { tracks, page, onUnknown }: { tracks: readonly Track[]; page: Page; onUnknown: (event: RecordedEvent) => void },
): void {
  for (;;) {
    const running = tracks.filter((track) => track.failure === null || page.through < track.failure.position);
    const pass = passOver(running, page);
    try {
      store.transaction(() => {
        pass.run();
        for (const track of running)
          store.move(track.view, track.generation, { from: track.position, to: page.through });
      });
    } catch (error) {
      for (const track of running) track.projection.reset();
      store.reset();
      const { track, event } = pass.at;
      if (store.faultOf(error) !== null || !track || !event || !(error instanceof Error)) throw error;
      track.failure = { position: event.position, error };
      applyBefore(store, { track, page, event });
      continue;
    }
    for (const track of running) track.position = page.through;
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
  const through = events.at(-1)?.position ?? track.position;
  if (through <= track.position) return;
  store.transaction(() => {
    passOver([track], { events, through }).run();
    store.move(track.view, track.generation, { from: track.position, to: through });
  });
  track.position = through;
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
    for (const track of tracks) track.projection.flush();
  }
  return { run, at, unknown };
}
