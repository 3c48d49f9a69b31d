import type { LogPosition } from '../../events/event-store.ts';
import { chatHistoryProjection } from '../chat-history/projector.ts';
import { membersProjection } from '../members/projector.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { InputCategory, Projection } from '../projection.ts';
import { userChatsProjection } from '../user-chats/projector.ts';
import { usersProjection } from '../users/projector.ts';
import { createLot, type Lot } from './lot.ts';
import type { Generation, RowStore, ViewName } from './ports.ts';

/** One view in one generation on its way through the log. */
export interface Track {
  readonly view: ViewName;
  readonly generation: Generation;
  readonly projection: Projection;
  readonly categories: ReadonlySet<InputCategory>;
  /** What it does not take. */
  readonly lot: Lot;
  position: LogPosition;
}

interface OpenTrack {
  readonly view: ViewName;
  readonly generation: Generation;
  readonly position: LogPosition;
  readonly leftOut: LeftOut;
  /** Under which what it cannot take is parked; the view's own name for what is read. */
  readonly group: string;
}

const PROJECTIONS: { [V in ViewName]: (store: RowStore, generation: Generation) => Projection } = {
  'chat-history': (store, generation) => chatHistoryProjection(store.writer('chat-history', generation)),
  'user-chats': (store, generation) => userChatsProjection(store.writer('user-chats', generation)),
  members: (store, generation) => membersProjection(store.writer('members', generation)),
  users: (store, generation) => usersProjection(store.writer('users', generation)),
};

export function createTrack(store: RowStore, { view, generation, position, leftOut, group }: OpenTrack): Track {
  const projection = PROJECTIONS[view](store, generation);
  return {
    view,
    generation,
    projection,
    categories: new Set(projection.categories),
    lot: createLot({ parking: store.parking, group, view, leftOut }),
    position,
  };
}

/** Where the log has to be read from for all of them; null where there are none. */
export function furthestBehind(tracks: readonly Track[]): LogPosition | null {
  let position: LogPosition | null = null;
  for (const track of tracks) {
    if (position === null || track.position < position) position = track.position;
  }
  return position;
}
