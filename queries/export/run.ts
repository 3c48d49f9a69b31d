import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { encodePosition } from '../../events/position.ts';
import type { EventFilter } from '../event-stream/index.ts';
import type { ExportFolder, FileEntry, Format, Section } from './port.ts';

export interface ExportRequest {
  readonly format: Format;
  readonly by: 'day' | 'chat' | null;
  readonly filter: EventFilter;
  /** Of a state: the point in time; absent: the last event. */
  readonly at?: number;
  /** False: words are withheld. */
  readonly content: boolean;
  /** False: nothing says where in this log an event lies, and events come in the order of chats. */
  readonly positions: boolean;
}

export interface ExportRun {
  readonly log: EventLog;
  readonly folder: ExportFolder;
  readonly request: ExportRequest;
  /** The head of the log when the export was first begun: a later run of it goes no further. */
  readonly until: LogPosition;
  /** Told the place in the log that was reached, and the last one; in the order of chats, how many chats and of how many. What it throws ends the run. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Rows after which a file is finished and the next one begun. */
  readonly partRows?: number;
}

export const PART_ROWS = 1_000_000;

export interface Exported {
  readonly files: FileEntry[];
  readonly first: string | null;
  readonly last: string | null;
}

const NUMBER_DIGITS = 6;
export const extension = (format: Format): string => `.${format}`;
export const partName = (table: string, part: number, format: Format): string =>
  `${table}-${String(part).padStart(NUMBER_DIGITS, '0')}${extension(format)}`;

/** All that the sections hold. Positions only where the lines have them too. */
export function exported(sections: readonly Section[], { log, request }: ExportRun): Exported {
  const spans = sections.flatMap(({ span }) => span ?? []);
  const place = (position: number) =>
    spans.length === 0 || !request.positions ? null : encodePosition(log.epoch, position);
  return {
    files: sections.flatMap(({ files }) => files),
    first: place(spans.reduce((least, { first }) => Math.min(least, first), Number.MAX_SAFE_INTEGER)),
    last: place(spans.reduce((most, { last }) => Math.max(most, last), 0)),
  };
}
