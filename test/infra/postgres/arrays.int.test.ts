import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberColumn, textColumn } from '../../../infra/postgres/arrays.ts';
import { fileDatabase } from './database.ts';

const SEED = 5;
const database = fileDatabase();

it(`hands over every text as it is (seed ${SEED})`, async () => {
  const postgres = database.open();
  const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
  const awkward = fc.constantFrom(
    null,
    '',
    'NULL',
    'null',
    '"',
    '\\',
    '\\"',
    '{',
    '}',
    ',',
    ' a ',
    'a\nb\tc',
    "'",
    '😀',
  );
  const texts = fc.array(fc.oneof(text, awkward), { maxLength: 20 });
  const same = fc.asyncProperty(texts, async (values) => {
    const column = textColumn(values, (value) => value);
    const rows = await postgres.query<{ value: string | null }>('SELECT unnest($1::text[]) AS value', [column]);
    expect(rows.map(({ value }) => value)).toEqual(values);
  });
  await fc.assert(same, { seed: SEED, numRuns: 200 });
});

it('hands over numbers, and none where there is none', async () => {
  const values = [0, -1, 9_007_199_254_740_991, null];
  const column = numberColumn(values, (value) => value);
  const rows = await database.open().query('SELECT unnest($1::bigint[]) AS value', [column]);
  expect(rows).toEqual(values.map((value) => ({ value })));
  expect(numberColumn([], () => 1)).toBe('{}');
});
