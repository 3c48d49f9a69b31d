/** What may happen to an append: as it should be, or gone wrong before or after it was written. */
export type AppendFate =
  /** Written and answered. */
  | 'fine'
  /** Neither written nor answered. */
  | 'swallow'
  /** Written, never answered. */
  | 'mute'
  /** The call breaks with half of the request read: nothing is written. */
  | 'cut-before'
  /** Written; the call breaks in place of the answer. */
  | 'cut-after'
  /** Written; the server ends the call with OK in place of the answer. */
  | 'end-after'
  /** Not written: this node does not lead. */
  | 'not-leader'
  /** Not written: the server has other things to do. */
  | 'busy'
  /** Not written: the user may not. */
  | 'denied'
  /** Not written in time, as far as the server knows; it is written nevertheless. */
  | 'timeout';

/** What may happen to a message of a read or of a subscription. */
export type ReadFate = 'fine' | 'twice' | 'again-older' | 'cut' | 'end';

/**
 * What goes wrong on demand, so that an adapter can be tested against it. All functions are asked each time; a promise
 * holds up whatever asked until it resolves.
 */
export interface StandInFaults {
  append?(append: { stream: string; events: number; by: 'batch' | 'single' }): AppendFate | Promise<AppendFate>;
  /** Before an append is answered. */
  answer?(append: { stream: string }): void | Promise<void>;
  /** When a read or a subscription begins. */
  read?(kind: 'read' | 'subscription'): 'fine' | 'swallow' | 'not-leader' | 'unavailable' | Promise<'fine' | 'swallow'>;
  /** For every event of a subscription. */
  delivery?(event: { stream: string; position: number }): ReadFate | Promise<ReadFate>;
  /** Added to every checkpoint's position: servers were known to be ahead of what they had sent. */
  checkpointAhead?(): number;
  /** When a client asks what the server can do. */
  features?(): 'fine' | 'internal' | 'swallow';
  /** Where the leader is, for `not-leader`. */
  leader?: { host: string; port: number };
  /** Whom it names where a client asks which node of a cluster leads; default: itself. */
  gossip?(): { host: string; port: number };
}
