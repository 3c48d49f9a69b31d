import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../support/folder.ts';
import { chatEvents, exporting } from '../../support/small-export.ts';

describe('Parquet', () => {
  it('opens in DuckDB with the types it has, and says what NDJSON says', async () => {
    const [parquet, ndjson, state] = [testFolder(), testFolder(), testFolder()];
    await exporting(parquet, { format: 'parquet', by: 'day' });
    await exporting(ndjson, {});
    await exporting(state, { format: 'parquet', kind: 'state' });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
    const types = await ask(`DESCRIBE SELECT * FROM '${parquet}/*.parquet'`);
    expect(Object.fromEntries(types.map(([name, type]) => [name, type]))).toMatchObject({
      chat_id: 'VARCHAR',
      seq: 'BIGINT',
      v: 'BIGINT',
      occurred_at: expect.stringMatching(/^TIMESTAMP/),
      recorded_at: expect.stringMatching(/^TIMESTAMP/),
      text: 'VARCHAR',
      data: 'VARCHAR',
      position: 'VARCHAR',
    });
    const stateTypes = await ask(`DESCRIBE SELECT * FROM '${state}/messages-*.parquet'`);
    expect(stateTypes).toContainEqual(expect.arrayContaining(['deleted', 'BOOLEAN']));
    const columns = (source: string, at: string) =>
      ask(
        `SELECT type, count(*)::INT, min(${at})::TIMESTAMP::VARCHAR, max(${at})::TIMESTAMP::VARCHAR FROM ${source} GROUP BY 1 ORDER BY 1`,
      );
    expect(await columns(`'${parquet}/*.parquet'`, 'occurred_at')).toEqual(
      await columns(`read_json('${ndjson}/*.ndjson', union_by_name = true)`, '"at"'),
    );
    expect(
      await ask(`SELECT DISTINCT data->>'emoji' = emoji FROM '${parquet}/*.parquet' WHERE type = 'ReactionAdded'`),
    ).toEqual([[true]]);
    connection.closeSync();
  });

  it('is read by another reader too', async () => {
    const folder = testFolder();
    await exporting(folder, { format: 'parquet' });
    const { buffer, byteOffset, length } = readFileSync(join(folder, 'events-000001.parquet'));
    const found = await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer });
    expect(found).toHaveLength(chatEvents.length);
    expect(found[0]).toMatchObject({ seq: 1n, occurred_at: expect.any(Date) });
  });
});
