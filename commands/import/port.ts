/** What a source of chat logs yields, whatever its format: a line of a file and what it means. */
export interface ImportLine {
  /** From 1, empty lines counted. */
  readonly line: number;
  /** The written minute, milliseconds since 1970. */
  readonly minute: number;
  readonly act: ImportAct;
}

export type ImportAct =
  | { type: 'says'; author: string; text: string }
  | { type: 'comes'; author: string }
  | { type: 'goes'; author: string }
  | { type: 'renames'; author: string; to: string }
  /** Understood, and kept out of the chat. */
  | { type: 'notice' }
  | { type: 'unreadable'; why: string };

export interface ImportFile {
  /** Base name: with a line number it is the identity of a line. */
  readonly name: string;
  lines(): Iterable<ImportLine>;
}
