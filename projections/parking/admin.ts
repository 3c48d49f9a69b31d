import { rfc3339 } from '../../events/codec.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { StoredSkip } from '../../events/ops.ts';
import { encodePosition } from '../../events/position.ts';
import type { Parked, Parking } from './ports.ts';

/** How long an answer waits for what was asked, and how often it looks. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 50;
const ALL = 'all';

/** The shapes that the gateway serves: `gateway/http/ops/parked/port.ts` says what they mean. */
export interface ParkedChat {
  view: string;
  key: string;
  event: { stream: string; revision: number; position: string; type: string };
  error: string;
  waiting: number;
  since: string;
}

export interface ParkedOutcome {
  released: ParkedChat[];
  parked: ParkedChat[];
  pending: ParkedChat[];
}

interface Place {
  readonly view: string;
  readonly key: string;
}

export interface ParkedAdmin {
  list(): Promise<ParkedChat[]>;
  retry(place: Place): Promise<Outcome<ParkedOutcome>>;
  skip(place: Place, by: { actor: string; reason: string }): Promise<Outcome<ParkedOutcome>>;
}

export interface ParkedAdminOptions {
  readonly parking: Pick<Parking, 'list' | 'ask'>;
  /** The views that a group is made of; empty where it leaves nothing out. */
  readonly viewsOf: (group: string) => readonly string[];
  /** Appends an `EventSkipped`. */
  readonly decide: (actor: string, skip: StoredSkip) => Promise<void>;
  readonly epoch: string;
  readonly waitMs?: number;
}

/** Marks what is asked for, and waits for whoever has the view to have done it. */
export function createParkedAdmin(options: ParkedAdminOptions): ParkedAdmin {
  const { parking, viewsOf, decide, epoch } = options;
  const shown = (parked: Parked): ParkedChat => chatOf(parked, epoch);
  const at = async ({ view, key }: Place): Promise<Parked[]> =>
    (await parking.list()).filter(
      (parked) =>
        (key === ALL || parked.key === key) &&
        (view === ALL || parked.group === view || viewsOf(parked.group).includes(view)),
    );

  async function retry(of: readonly Parked[]): Promise<Outcome<ParkedOutcome>> {
    const [refused] = of;
    const able = of.filter(({ group }) => viewsOf(group).length > 0);
    if (refused && able.length === 0)
      return rejected(
        'version-conflict',
        `what ${refused.group} has parked cannot be tried again: clients read it when they sync`,
      );
    const asked = new Map<Parked, number>();
    for (const parked of able) {
      const attempt = await parking.ask(parked.group, parked.key);
      if (attempt !== null) asked.set(parked, attempt);
    }
    const { stands, pending } = await tried(options, asked);
    return accepted({
      released: able.filter((parked) => !stands.has(parked) && !pending.has(parked)).map(shown),
      parked: [...stands.values()].map(shown),
      pending: [...pending].map(shown),
    });
  }

  return {
    list: async () => (await parking.list()).map(shown),
    async retry(place) {
      const of = await at(place);
      return of.length === 0 ? nothingThere(place) : retry(of);
    },
    async skip(place, { actor, reason }) {
      const of = await at(place);
      if (of.length === 0) return nothingThere(place);
      if (place.key === ALL) return rejected('bad-request', 'key: events are left out one by one');
      if (of.some((parked) => decidesRights(parked, viewsOf))) return rejected('version-conflict', RIGHTS);
      for (const skip of skipsOf(of, viewsOf, reason)) await decide(actor, skip);
      return retry(of);
    },
  };
}

const MOVES: ReadonlySet<string> = new Set(['ChatStarted', 'MemberAdded', 'MemberRemoved', 'MemberRoleChanged']);
const RIGHTS =
  'who may read what follows from this event: left out, it would let somebody in, or keep them out, against the log';

/** While such an event is parked, rights are decided from the log. */
const decidesRights = ({ group, type }: Parked, viewsOf: ParkedAdminOptions['viewsOf']): boolean =>
  MOVES.has(type) && viewsOf(group).some((view) => view === 'members' || view === 'user-chats');

const nothingThere = ({ view, key }: Place) =>
  rejected('not-found', `nothing is parked ${key === ALL ? '' : `as ${key} `}in ${view === ALL ? 'any view' : view}`);

/** One decision for each event, however many views are parked at it. */
function skipsOf(of: readonly Parked[], viewsOf: ParkedAdminOptions['viewsOf'], reason: string): StoredSkip[] {
  const skips = new Map<string, StoredSkip>();
  for (const { group, stream, revision, position, type, error } of of) {
    const views = viewsOf(group);
    if (views.length === 0) continue;
    const known = skips.get(`${stream} ${revision}`);
    const all = [...new Set([...(known?.views ?? []), ...views])];
    skips.set(`${stream} ${revision}`, { views: all, stream, revision, position, type, reason, error });
  }
  return [...skips.values()];
}

interface Tried {
  /** By what was asked for: as it stands now. */
  readonly stands: Map<Parked, Parked>;
  readonly pending: Set<Parked>;
}

async function tried(
  { parking, waitMs = WAIT_MS }: ParkedAdminOptions,
  asked: ReadonlyMap<Parked, number>,
): Promise<Tried> {
  const stands = new Map<Parked, Parked>();
  const pending = new Set(asked.keys());
  for (const endAt = performance.now() + waitMs; pending.size > 0 && performance.now() < endAt; ) {
    const list = await parking.list();
    for (const of of pending) {
      const now = list.find(({ group, key }) => group === of.group && key === of.key);
      const attempt = asked.get(of) ?? 0;
      // Asked less often than it was: it had gone on, and stands anew.
      if (now && now.asked >= attempt && now.tried < attempt) continue;
      pending.delete(of);
      if (now) stands.set(of, now);
    }
    if (pending.size > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return { stands, pending };
}

const chatOf = (
  { group, key, stream, revision, position, type, error, waiting, since }: Parked,
  epoch: string,
): ParkedChat => ({
  view: group,
  key,
  event: { stream, revision, position: encodePosition(epoch, position), type },
  error,
  waiting,
  since: rfc3339(since),
});
