import { expect, it, vi } from 'vitest';
import { loadDuckDb } from '../../../infra/duckdb/library.ts';

it('says how DuckDB is installed where it is missing', async () => {
  vi.doMock('@duckdb/node-api', () => {
    throw new Error('Cannot find package');
  });
  await expect(loadDuckDb()).rejects.toMatchObject({
    code: 'duckdb-missing',
    message: expect.stringContaining('npm install @duckdb/node-api'),
  });
  vi.doUnmock('@duckdb/node-api');
});
