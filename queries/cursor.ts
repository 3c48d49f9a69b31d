import { accepted, type Outcome } from '../events/error-codes.ts';
import { badRequest } from './answers.ts';

/** A place in a list, opaque to clients: base64url of a JSON array of strings and numbers. */
type Part = string | number | null;

export const encodeCursor = (parts: readonly Part[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** Reads a cursor of a known form (`'s'` a string, `'n'` a seq or position, `'n?'` one or null). */
export function decodeCursor(cursor: string, form: readonly ('s' | 'n' | 'n?')[]): Outcome<Part[]> {
  const parts = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  const fits = Array.isArray(parts) && parts.length === form.length && form.every((kind, i) => isPart(kind, parts[i]));
  return fits ? accepted(parts as Part[]) : badRequest('cursor', 'is none of this list');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not ours: the caller refuses it
  }
}

function isPart(kind: 's' | 'n' | 'n?', part: unknown): boolean {
  if (kind === 's') return typeof part === 'string';
  return (kind === 'n?' && part === null) || (Number.isSafeInteger(part) && (part as number) >= 0);
}
