import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvEncoder } from '../../../infra/formats/csv.ts';

describe('CSV', () => {
  const table = {
    name: 't',
    columns: [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'integer' },
      { name: 'c', type: 'json' },
    ],
  } as const;
  const cell = fc.oneof(
    fc.constant(null),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '"', '""', ',', '\n', '\r\n', "'", '=1+1', 'a"b,c\nd'),
  );

  it('gives back whatever was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.oneof(fc.constant(null), fc.integer()), cell)), (given) => {
        const encoder = csvEncoder(table);
        const text = Buffer.concat([encoder.rows(given), encoder.end()]).toString();
        const wellFormed = (value: string | number | null) =>
          typeof value === 'string' ? Buffer.from(value).toString() : value;
        expect(parseCsv(text).slice(1)).toEqual(
          given.map((row) => row.map((each) => (each === null ? null : String(wellFormed(each))))),
        );
      }),
      { numRuns: 300 },
    );
  });
});

/** Another reader of RFC 4180, character by character: an empty field is null, a quoted empty one is not. */
function parseCsv(text: string): (string | null)[][] {
  const found: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let i = 0;
  while (i < text.length) {
    let value: string | null = null;
    if (text[i] === '"') {
      value = '';
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        if (text[i] === '"') i++;
        value += text[i];
      }
      i++;
    } else {
      const from = i;
      while (text[i] !== ',' && text[i] !== '\n') i++;
      if (i > from) value = text.slice(from, i);
    }
    row.push(value);
    if (text[i] === '\n') {
      found.push(row);
      row = [];
    }
    i++;
  }
  return found;
}
