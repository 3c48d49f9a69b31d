import { once } from 'node:events';
import pc from 'picocolors';

/** Where a verb's words go: results on standard output, everything else on standard error. */
export interface Io {
  /** One JSON document, or plain text with a line end. */
  out(text: string): void;
  err(text: string): void;
  /** Resolves once what was printed has left, so that a slow reader of a long output is waited for. */
  drained(): Promise<void>;
}

export const processIo: Io = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  async drained() {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
};

/** A reader that has seen enough (`… | head`) is no failure: there is nobody left to print for. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

/** Prints a result: as one JSON document with `--json`, else as people read it. */
export function print(io: Io, options: { json?: boolean }, result: { json: unknown; text: string }): void {
  io.out(options.json ? JSON.stringify(result.json) : result.text);
}

/** Columns, aligned; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row, index) => {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      return index === 0 ? pc.bold(line) : line;
    })
    .join('\n');
}

/** The exit code of a verb that was to look for something amiss, and has found it. */
export const EXIT_FOUND = 1;

/** Ends a verb with exit code 1 and a message for people; `details` stand beside it in the JSON document. */
export class VerbFailed extends Error {
  readonly code: string;
  readonly details: object;
  constructor(code: string, message: string, details: object = {}) {
    super(message);
    this.name = 'VerbFailed';
    this.code = code;
    this.details = details;
  }
}

/** Ends a verb with exit code 2: it was called wrongly. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}
