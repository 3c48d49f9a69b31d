import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Cell, ColumnType, Encoder, Row, Table } from '../../queries/export/port.ts';

/** Rows held in memory until they are written as one group. */
const GROUP_ROWS = 50_000;

/** JSON text goes as a string: as Parquet's own JSON type the package would encode it twice. */
const ELEMENTS = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const satisfies Record<ColumnType, object>;

/** Parquet, typed, compressed with Snappy. Its bytes follow from the rows: groups are of one size, whatever the pages were. */
export function parquetEncoder({ columns }: Table): Encoder {
  const bytes = new ByteWriter(); // in memory: with it nothing of the package is waited for
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...ELEMENTS[type] })),
    ],
    createdBy: 'hindsight',
  });
  let waiting: Row[] = [];

  const taken = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0; // what was taken is written; only the count of all bytes goes on
    return piece;
  };
  function group(rows: readonly Row[]): void {
    const columnData = columns.map(({ name, type }, i) => ({
      name,
      data: rows.map((row) => valueOf(row[i] ?? null, type)),
    }));
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
  }
  return {
    rows(rows) {
      waiting.push(...rows);
      while (waiting.length >= GROUP_ROWS) {
        group(waiting.slice(0, GROUP_ROWS));
        waiting = waiting.slice(GROUP_ROWS);
      }
      return taken();
    },
    end() {
      if (waiting.length > 0) group(waiting);
      void writer.finish();
      return taken();
    },
  };
}

function valueOf(cell: Cell, type: ColumnType): unknown {
  if (cell === null) return undefined;
  if (type === 'integer') return BigInt(cell);
  return type === 'time' ? new Date(Number(cell)) : cell;
}
