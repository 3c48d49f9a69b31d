import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModule } from '../../bin/cli/load-module.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const folders = temporaryFolders();
afterAll(folders.remove);
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = folders.folder();
  writeFileSync(at('package.json'), '{"type": "module"}');
  writeFileSync(at('other.ts'), 'export const other: number = 41;');
  writeFileSync(
    at('typed.ts'),
    `import { other } from './other.ts';
     import { sep } from 'node:path';
     interface Answer { value: number }
     export const answer: Answer = { value: other + sep.length };
     export default (text: string): string => text;`,
  );
  writeFileSync(at('plain.mjs'), "export { sep } from 'node:path';");
  writeFileSync(at('broken.ts'), 'export const other: number = = 41;');
  writeFileSync(at('throws.ts'), "throw new Error('not today');");
});

describe('a file of the user', () => {
  it('is loaded with its types, and with what it imports', async () => {
    const { answer, default: echo } = await loadModule(at('typed.ts'));
    expect(answer).toEqual({ value: 42 });
    expect((echo as (text: string) => string)('x')).toBe('x');
  });

  it('may be JavaScript', async () => {
    expect(Object.keys(await loadModule(at('plain.mjs')))).toEqual(['sep']);
  });

  it.each([
    ['broken.ts', 'broken.ts cannot be loaded: '],
    ['throws.ts', 'throws.ts cannot be loaded: not today'],
  ])('that fails, %s, says so', async (name, message) => {
    await expect(loadModule(at(name))).rejects.toMatchObject({
      code: 'module-failed',
      message: expect.stringContaining(message) as string,
    });
  });

  it.each(['absent.ts', 'typed.txt'])('%s is refused before anything is loaded', async (name) => {
    await expect(loadModule(at(name))).rejects.toMatchObject({ name: 'WrongUsage' });
  });
});
