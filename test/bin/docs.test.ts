import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedPages } from '../../bin/docs/pages.ts';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';

it.each(Object.entries(generatedPages()))('docs/%s is what the code says: `npm run docs` writes it', (name, text) => {
  expect(readFileSync(join(PACKAGE_ROOT, 'docs', name), 'utf8')).toBe(text);
});

it('every verb shows an example', () => {
  const verbs = (generatedPages()['cli.md'] ?? '').split('\n## ').slice(1);
  expect(verbs.length).toBeGreaterThanOrEqual(20);
  expect(verbs.filter((verb) => !/\nExamples?:\n {2}/.test(verb)).map((verb) => verb.split('\n')[0])).toEqual([]);
});
