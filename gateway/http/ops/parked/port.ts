import type { Outcome } from '../../../../events/error-codes.ts';

/**
 * Chats (and users) of which a view holds nothing from an event on that it could not take, and what an operator may do
 * about them. Whoever has the view does it: these answers come when it is done, or has failed again.
 */
export interface ParkedAdmin {
  list(): Promise<ParkedChat[]>;
  /** What waits is applied in the order of the log. `not-found` where nothing is parked there. */
  retry(place: ParkedPlace): Promise<Outcome<ParkedOutcome>>;
  /** The one event is left out for ever, which is recorded in the log itself; what waits behind it goes on. */
  skip(place: ParkedPlace, by: { actor: string; reason: string }): Promise<Outcome<ParkedOutcome>>;
}

export interface ParkedPlace {
  /** As `list` names it, or `all`. */
  readonly view: string;
  /** As `list` names it, or `all`. */
  readonly key: string;
}

export interface ParkedChat {
  view: string;
  /** A chat's id, or the stream of something else. */
  key: string;
  /** The event that could not be taken. `position` in public form. */
  event: { stream: string; revision: number; position: string; type: string };
  error: string;
  /** Events behind it. */
  waiting: number;
  /** When it was parked, RFC 3339. */
  since: string;
}

export interface ParkedOutcome {
  /** What waited there has been applied: as they were before. */
  released: ParkedChat[];
  /** Stands again, perhaps at a later event. */
  parked: ParkedChat[];
  /** Asked for, and not tried in the time that the answer had. */
  pending: ParkedChat[];
}
