import type { LogPosition } from '../../events/event-store.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import type { GroupName } from './ports.ts';

interface Where {
  readonly group: GroupName;
  readonly partition: number;
}

/** What an operator should hear of, and what is counted. */
export type PartitionReport =
  | (Where & { kind: 'claimed'; term: number; position: LogPosition })
  /** Another process has taken the partition over. */
  | (Where & { kind: 'stale'; term: number })
  /** Something failed that may work later; the links come again. */
  | (Where & { kind: 'fault'; error: string })
  /** The topic did not have everything after `from` and through `to`: it was read from the log, so many events. */
  | (Where & { kind: 'healed'; from: LogPosition; to: LogPosition; events: number })
  /** The view lacked so many of a chat's events, which were read from its stream. */
  | (Where & { kind: 'chat-healed'; chatId: string; events: number })
  | (ParkedEvent & { group: GroupName; kind: 'parked' })
  /** It was tried again, and what waited behind it has been taken in. */
  | (ParkedEvent & { group: GroupName; kind: 'released' })
  /** Taken in and committed. `lagMs`: how long ago the last of them was appended. */
  | (Where & { kind: 'batch'; events: number; ms: number; position: LogPosition; lagMs: number });

export type ReportPartition = (report: PartitionReport) => void;
