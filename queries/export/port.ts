/** What an export writes through: files of rows in a folder. The adapter is `infra/disk/export-folder.ts`. */
export const FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** `time`: milliseconds since 1970. `json`: JSON text. */
export type ColumnType = 'text' | 'integer' | 'boolean' | 'time' | 'json';
export type Cell = string | number | boolean | null;
export type Row = readonly Cell[];

export interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}

/** Turns rows into the bytes of a file, piece by piece. What it makes depends on the rows alone. */
export interface Encoder {
  rows(rows: readonly Row[]): Uint8Array;
  end(): Uint8Array;
}

export interface FileEntry {
  name: string;
  /** Events, or rows. */
  count: number;
  sha256: string;
}

/** A file that is being written; nobody sees it under its name before it is finished. */
export interface FileWriter {
  readonly count: number;
  rows(rows: readonly Row[]): Promise<void>;
  /** Lines of NDJSON as they are, where the format is that. */
  lines(bytes: Uint8Array, count: number): Promise<void>;
  finish(): Promise<FileEntry>;
  /** Throws away what was not finished; after that it does nothing. */
  abandon(): Promise<void>;
}

/** What was written in one go, and where to go on behind it. */
export interface Section {
  readonly files: readonly FileEntry[];
  readonly cursor: Cursor;
  /** Positions of the first and last event in it; null for rows that are none. */
  readonly span: { readonly first: number; readonly last: number } | null;
}

/** Events up to here are in finished files: all, or in the order of chats those of earlier chats and of this one. */
export interface Cursor {
  readonly chatId: string | null;
  readonly position: number;
}

export interface ExportFolder {
  /** What earlier runs of the same export have finished, each file's hash checked. */
  readonly finished: readonly Section[];
  create(name: string, table: Table): Promise<FileWriter>;
  /** Keeps note that a section is finished. */
  finish(section: Section): Promise<void>;
  /** Lines of one file that is to be, such as those of a day, put aside until all of the range were seen. `key`: its name less the ending. */
  putAside(key: string, bytes: Uint8Array): Promise<void>;
  /** All is aside; a later run finds it so. */
  sealAside(span: Section['span']): Promise<void>;
  /** Whether all is aside already. What a run that was killed had begun to put aside is thrown away. */
  isAside(): Promise<boolean>;
  asideSpan(): Promise<Section['span']>;
  /** The keys, in order. */
  aside(): Promise<readonly string[]>;
  /** All that was put aside under a key, in pieces of whole lines. */
  readAside(key: string): AsyncIterable<Uint8Array>;
}
