import type { LogPosition } from '../../events/event-store.ts';

/** What stands in the place of an event that is left out: a type that no view knows, so that it only moves a chat's head. */
export const LEFT_OUT = 'EventLeftOut';

/** Something that a projector could not take. Later events of the same chat (or user) wait behind it. */
export interface ParkedEvent {
  /** Whose projector: a consumer group of a cluster, a view of the embedded engine; `name@generation` beside the first. */
  readonly group: string;
  /** Of the backplane; 0 where there is none. */
  readonly partition: number;
  /** `partitionKeyOf` the event's stream. */
  readonly key: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: LogPosition;
  readonly type: string;
  readonly error: string;
}

export interface Parked extends ParkedEvent {
  /** Events behind it. */
  readonly waiting: number;
  /** When it was parked, milliseconds since 1970. */
  readonly since: number;
  /** How often an operator has asked for it to be tried again, and which of these has been tried without success. */
  readonly asked: number;
  readonly tried: number;
}

/** A new error, and perhaps a later event: what came before that one has been taken in by the attempt. */
export interface ParkedAgain {
  readonly event: ParkedEvent;
  /** So many wait no more. */
  readonly taken: number;
  /** What of `asked` it was. */
  readonly attempt: number;
}

/**
 * What is parked. Only who has the partition changes it, but for `ask`; what is done under a term that is over does
 * nothing. Specification: `test/contracts/parking.ts`.
 */
export interface Parking {
  /** The keys that are parked there. */
  keys(group: string, partition: number): Promise<ReadonlySet<string>>;
  /** Does nothing where the key is parked already. */
  park(event: ParkedEvent, term: number): Promise<void>;
  /** So many more events wait behind what is parked. */
  waits(group: string, key: string, events: number): Promise<void>;
  /** In order of group, position and key. */
  list(): Promise<Parked[]>;
  /** Asks whoever has the partition to try again. The number of that attempt; null where the key is not parked. */
  ask(group: string, key: string): Promise<number | null>;
  /** Those of the partition that were asked for and not tried yet. */
  asked(group: string, partition: number): Promise<Parked[]>;
  /** An attempt has failed. */
  again(again: ParkedAgain, term: number): Promise<void>;
  /** The key waits no more. */
  release(of: Pick<ParkedEvent, 'group' | 'partition' | 'key'>, term: number): Promise<void>;
}

/** The same where nothing has to be waited for. */
export type ParkingNow = {
  [M in keyof Parking]: (...args: Parameters<Parking[M]>) => Awaited<ReturnType<Parking[M]>>;
};
