import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedPages } from './docs/pages.ts';
import { PACKAGE_ROOT } from './package-root.ts';

/** `npm run docs`: writes the pages that come from the code. A test compares them with what is committed. */
const folder = join(PACKAGE_ROOT, 'docs');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(generatedPages())) writeFileSync(join(folder, name), text);
