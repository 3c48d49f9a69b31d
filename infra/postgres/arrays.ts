/**
 * Lists as Postgres reads them in a parameter that is cast: `$1::bigint[]`. The driver would escape every number as if
 * it were text.
 */
export const numberArray = (values: readonly (number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

export const textArray = (values: readonly (string | null)[]): string => `{${values.map(element).join(',')}}`;

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;

function element(value: string | null): string {
  if (value === null) return 'NULL';
  return `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, '\\$&') : value}"`;
}
