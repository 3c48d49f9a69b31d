import type { Encoder, Format, Table } from '../../queries/export/port.ts';
import { csvEncoder } from './csv.ts';
import { ndjsonEncoder } from './ndjson.ts';

/** The encoder of a format. Parquet's is loaded where it is asked for. */
export async function encoderOf(format: Format): Promise<(table: Table) => Encoder> {
  if (format === 'ndjson') return ndjsonEncoder;
  if (format === 'csv') return csvEncoder;
  return (await import('./parquet.ts')).parquetEncoder;
}
