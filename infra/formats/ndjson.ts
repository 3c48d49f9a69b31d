import type { Cell, ColumnType, Encoder, Table } from '../../queries/export/port.ts';

/** A JSON object a row, in the order of the columns. Times as RFC 3339 in UTC; what is JSON already stands as it is. */
export function ndjsonEncoder({ columns }: Table): Encoder {
  const names = columns.map(({ name }) => JSON.stringify(name));
  return {
    rows: (rows) =>
      Buffer.from(
        rows
          .map((row) => `{${row.map((cell, i) => `${names[i]}:${jsonOf(cell, columns[i]?.type)}`).join(',')}}\n`)
          .join(''),
      ),
    end: () => new Uint8Array(0),
  };
}

function jsonOf(cell: Cell, type: ColumnType | undefined): string {
  if (cell === null) return 'null';
  if (type === 'json') return String(cell);
  if (type === 'time') return JSON.stringify(new Date(Number(cell)).toISOString());
  return JSON.stringify(cell);
}
