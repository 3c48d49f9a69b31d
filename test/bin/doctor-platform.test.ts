import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { disk, writable } from '../../bin/cli/doctor/platform.ts';
import { dataFolderPaths } from '../../bin/data-folder.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const folders = temporaryFolders();
afterAll(folders.remove);

it('a data folder that is several folders away is looked at where it would be made', async () => {
  const folder = dataFolderPaths(join(folders.folder(), 'none', 'here', 'yet'));
  expect(await writable(folder)).toMatchObject({ name: 'data folder', state: 'note' });
  expect(await disk(folder)).toMatchObject({ name: 'disk', facts: { freeBytes: expect.any(Number) } });
});
