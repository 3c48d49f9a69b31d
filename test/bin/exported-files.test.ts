import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readExport } from '../../bin/cli/exported-files.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const folders = temporaryFolders();
afterAll(folders.remove);

it('a folder without a manifest holds no finished export, nor does one that is not there, or is a file', async () => {
  const folder = folders.folder();
  writeFileSync(join(folder, 'file'), '');
  for (const place of [folder, join(folder, 'none'), join(folder, 'file')])
    await expect(readExport(place)).rejects.toMatchObject({ code: 'not-found' });
});

it('a manifest that cannot be read is not taken for none', async () => {
  const folder = folders.folder();
  mkdirSync(join(folder, 'manifest.json'));
  await expect(readExport(folder)).rejects.toMatchObject({ code: 'EISDIR' });
});
