import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import type { Claim } from './ports.ts';

/** Everything of a partition after `from` and through `to`, in order; no event is missing. */
export interface Stretch {
  readonly events: readonly RecordedEvent[];
  readonly from: LogPosition;
  readonly to: LogPosition;
}

/** What a group makes of one partition, for as long as a claim lasts. */
export interface PartitionSink {
  /**
   * Takes the events in. The checkpoint never goes beyond `to`: views move it there in this call, together with their
   * rows; deliveries only when every slot was told how far, in this call, a later one or `quiet`. What was taken after
   * the checkpoint is taken again by the next claim. Throws `StaleOwner`, an error with `temporary`, or whatever says
   * that it cannot go on at all; after that it is only closed. But after `StillBehind`, which it throws where it would
   * take too long at once, it is asked again for the same or more, and goes on where it came to.
   */
  take(stretch: Stretch): Promise<void>;
  /**
   * Called when nothing has come for a moment since something did. Resolves with the milliseconds after which it wants
   * to be called again, if nothing comes until then either. Throws as `take` does.
   */
  quiet?(): Promise<number | null>;
  close(): Promise<void>;
}

export type OpenSink = (claim: Claim) => Promise<PartitionSink>;
