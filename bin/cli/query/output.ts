import type { SqlColumn, SqlResult } from '../../../infra/duckdb/database.ts';
import type { SqlValue } from '../../../infra/duckdb/values.ts';
import { type Io, table } from '../io.ts';

export const FORMATS = ['table', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** A table is laid out once all of it is there. */
const TABLE_ROWS_MAX = 1_000;
const CELL_WIDTH_MAX = 80;

/** Prints a result; all but a table as it comes, at the pace at which it is taken. */
export function printResult(io: Io, result: SqlResult, format: Format): Promise<void> {
  if (format === 'json') return printJson(io, result);
  return format === 'csv' ? printCsv(io, result) : printTable(io, result);
}

/** One document over several lines: `{columns: [{name, type}], rows: [{…}]}`. */
async function printJson(io: Io, { columns, rows }: SqlResult): Promise<void> {
  io.out(`{"columns":${JSON.stringify(columns)},"rows":[`);
  let first = true;
  for await (const page of rows()) {
    if (page.length === 0) continue;
    const lines = page.map((row) => JSON.stringify(objectOf(columns, row))).join(',\n');
    io.out(first ? lines : `,${lines}`);
    first = false;
    await io.drained();
  }
  io.out(']}');
}

const objectOf = (columns: readonly SqlColumn[], row: readonly SqlValue[]): Record<string, SqlValue> =>
  Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));

/** RFC 4180 but for the line ends: a null is nothing, an empty text is `""`. */
async function printCsv(io: Io, { columns, rows }: SqlResult): Promise<void> {
  io.out(columns.map(({ name }) => csvCell(name)).join(','));
  for await (const page of rows()) {
    if (page.length === 0) continue;
    io.out(page.map((row) => row.map(csvCell).join(',')).join('\n'));
    await io.drained();
  }
}

function csvCell(value: SqlValue): string {
  if (value === null) return '';
  const text = textOf(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function printTable(io: Io, { columns, rows }: SqlResult): Promise<void> {
  const shown: string[][] = [];
  let more = false;
  for await (const page of rows()) {
    const room = TABLE_ROWS_MAX - shown.length;
    shown.push(...page.slice(0, room).map((row) => row.map(tableCell)));
    more = page.length > room;
    if (more) break;
  }
  io.out(table([columns.map(({ name }) => name), ...shown]));
  if (more) io.err(`the first ${TABLE_ROWS_MAX} rows: --format csv or --json prints all there are`);
}

/** On one line, and nothing in it that a terminal would act on. */
function tableCell(value: SqlValue): string {
  if (value === null) return '';
  const text = textOf(value).replaceAll(/\p{Cc}+/gu, ' ');
  return text.length > CELL_WIDTH_MAX ? `${text.slice(0, CELL_WIDTH_MAX - 1)}…` : text;
}

const textOf = (value: SqlValue): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
