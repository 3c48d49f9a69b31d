/**
 * Where `actual` differs from what a page shows, or null. Everything shown must be there, with that value, and objects
 * have no other fields; a string that ends with `…` stands for any that begins so, the key `…` for further fields, and
 * `["…"]` for any list.
 */
export function difference(shown: unknown, actual: unknown, at = ''): string | null {
  if (typeof shown === 'string' && shown.endsWith('…')) {
    if (shown === '…') return null;
    return typeof actual === 'string' && actual.startsWith(shown.slice(0, -1)) ? null : differs(shown, actual, at);
  }
  if (Array.isArray(shown)) return listDifference(shown, actual, at);
  if (typeof shown === 'object' && shown !== null) return objectDifference(shown as Fields, actual, at);
  return Object.is(shown, actual) ? null : differs(shown, actual, at);
}

type Fields = Record<string, unknown>;

function listDifference(shown: readonly unknown[], actual: unknown, at: string): string | null {
  if (!Array.isArray(actual)) return differs(shown, actual, at);
  if (shown.length === 1 && shown[0] === '…') return null;
  if (shown.length !== actual.length) return differs(shown, actual, at);
  return first(shown.map((each, i) => difference(each, actual[i], `${at}[${i}]`)));
}

function objectDifference(shown: Fields, actual: unknown, at: string): string | null {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return differs(shown, actual, at);
  const { '…': more, ...fields } = shown;
  const others = Object.keys(actual).filter((key) => !(key in fields));
  if (more === undefined && others.length > 0) return `${at}: also has ${others.join(', ')}`;
  return first(
    Object.entries(fields).map(([key, value]) => difference(value, (actual as Fields)[key], `${at}.${key}`)),
  );
}

const first = (differences: readonly (string | null)[]): string | null =>
  differences.find((each) => each !== null) ?? null;

const differs = (shown: unknown, actual: unknown, at: string): string =>
  `${at}: the page shows ${JSON.stringify(shown)}, there was ${JSON.stringify(actual)}`;
