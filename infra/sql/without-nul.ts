/** Postgres takes every text but one with U+0000, and SQLite ends it there. */
export const withoutNul = (text: string): string => text.replaceAll('\0', '\uFFFD');
