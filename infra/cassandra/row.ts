import driver from 'cassandra-driver';
import type { Row } from './cassandra.ts';

/** Columns of a row by their types; what the statement did not write is null. */
export function textOf(row: Row, column: string): string {
  return textOrNull(row, column) ?? absent(column);
}

export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

/** Of `int`, `tinyint` or `bigint`: all that we store are safe integers. */
export function intOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  return value instanceof driver.types.Long ? value.toNumber() : absent(column);
}

function absent(column: string): never {
  throw new Error(`a row without its ${column}`);
}
