/**
 * Columns of rows as Postgres reads them in a parameter that is cast: `$1::bigint[]`. The driver would escape every
 * number as if it were text, and takes several times as long.
 */
export function numberColumn<T>(rows: readonly T[], value: (row: T) => number | null): string {
  let column = '';
  for (const row of rows) column += `${column === '' ? '{' : ','}${value(row) ?? 'NULL'}`;
  return column === '' ? '{}' : `${column}}`;
}

export function textColumn<T>(rows: readonly T[], value: (row: T) => string | null): string {
  let column = '';
  for (const row of rows) column += `${column === '' ? '{' : ','}${element(value(row))}`;
  return column === '' ? '{}' : `${column}}`;
}

const ESCAPED = /["\\]/g;

function element(value: string | null): string {
  if (value === null) return 'NULL';
  return value.includes('"') || value.includes('\\') ? `"${value.replace(ESCAPED, '\\$&')}"` : `"${value}"`;
}
