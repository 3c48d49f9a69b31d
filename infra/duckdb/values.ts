import type { DuckDBValue, DuckDbLibrary } from './library.ts';

/** A value as JSON has it: times as RFC 3339 in UTC, whole numbers beyond the safe ones and decimals as text. */
export type SqlValue = null | boolean | number | string | SqlValue[] | { [name: string]: SqlValue };

const MICROS_PER_MS = 1_000n;

export function valueReader(duckdb: DuckDbLibrary): (value: DuckDBValue) => SqlValue {
  const {
    DuckDBArrayValue,
    DuckDBDecimalValue,
    DuckDBListValue,
    DuckDBMapValue,
    DuckDBStructValue,
    DuckDBTimestampTZValue,
    DuckDBTimestampValue,
  } = duckdb;
  return function read(value): SqlValue {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (typeof value === 'bigint') return wholeNumber(value);
    if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return instant(value);
    if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(read);
    if (value instanceof DuckDBStructValue) {
      return Object.fromEntries(Object.entries(value.entries).map(([name, part]) => [name, read(part)]));
    }
    if (value instanceof DuckDBMapValue) {
      return value.entries.map((entry) => ({ key: read(entry.key), value: read(entry.value) }));
    }
    if (value instanceof DuckDBDecimalValue) return value.scale === 0 ? wholeNumber(value.value) : value.toString();
    return value.toString();
  };
}

const wholeNumber = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();

function instant(value: { readonly micros: bigint; toString(): string }): string {
  const time = new Date(Number(value.micros / MICROS_PER_MS));
  if (Number.isNaN(time.getTime()) || value.micros % MICROS_PER_MS !== 0n) return value.toString();
  return time.toISOString();
}
