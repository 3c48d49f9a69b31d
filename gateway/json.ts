import { accepted, type Outcome, rejected } from '../events/error-codes.ts';

/** Limits of what a client may write, checked before anything looks at the meaning. */
export const JSON_MAX_DEPTH = 32;
export const JSON_MAX_KEYS = 4_096;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Parses JSON from outside: `bad-request` where it is none, too deep, too wide, or has a key that could reach a prototype. */
export function parseJson(text: string): Outcome<unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return rejected('bad-request', 'not JSON');
  }
  const fault = faultOf(value);
  return fault === null ? accepted(value) : rejected('bad-request', fault);
}

/** Walks without recursion, so that no depth of input can end the stack. */
function faultOf(root: unknown): string | null {
  let level: object[] = isObject(root) ? [root] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > JSON_MAX_DEPTH) return `nested deeper than ${JSON_MAX_DEPTH}`;
    const below: object[] = [];
    for (const container of level) {
      if (!Array.isArray(container)) {
        const keys = Object.keys(container);
        if (keys.length > JSON_MAX_KEYS) return `more than ${JSON_MAX_KEYS} keys in an object`;
        for (const key of keys) if (FORBIDDEN_KEYS.has(key)) return `the key ${key} is not allowed`;
      }
      for (const child of Object.values(container)) if (isObject(child)) below.push(child);
    }
    level = below;
  }
  return null;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
