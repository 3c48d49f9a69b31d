import type { Cell, ColumnType, Encoder, Table } from '../../queries/export/port.ts';

/**
 * CSV as RFC 4180 has it but for the line ends, which are single line feeds: a heading, then a row a line. Every text is
 * quoted, so that nothing (`NULL`) and no words (`""`) are two things. Times as RFC 3339 in UTC.
 */
export function csvEncoder({ columns }: Table): Encoder {
  let heading = `${columns.map(({ name }) => quoted(name)).join(',')}\n`;
  const take = (): string => {
    const first = heading;
    heading = '';
    return first;
  };
  return {
    rows: (rows) =>
      Buffer.from(
        take() + rows.map((row) => `${row.map((cell, i) => field(cell, columns[i]?.type)).join(',')}\n`).join(''),
      ),
    end: () => Buffer.from(take()),
  };
}

function field(cell: Cell, type: ColumnType | undefined): string {
  if (cell === null) return '';
  if (type === 'time') return new Date(Number(cell)).toISOString();
  return typeof cell === 'string' ? quoted(cell) : String(cell);
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
