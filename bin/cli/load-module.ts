import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { messageOf } from '../../events/message-of.ts';
import { VerbFailed, WrongUsage } from './io.ts';

const SCRIPTS = ['.js', '.mjs', '.cjs'];
const TYPED = ['.ts', '.mts', '.cts'];

/**
 * What a file of the user's own exports, JavaScript or TypeScript; it may import others and packages beside it. It runs
 * in this process, with all that this process may do. `file` is taken from the working folder.
 */
export async function loadModule(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  const extension = extname(path);
  if (![...SCRIPTS, ...TYPED].includes(extension))
    throw new WrongUsage(`${file} is no module: name a file that ends in ${[...TYPED, ...SCRIPTS].join(', ')}`);
  if (!existsSync(path)) throw new WrongUsage(`there is no file ${file}`);
  try {
    return TYPED.includes(extension) && !stripsTypes() ? await throughVite(path) : await natively(path);
  } catch (error) {
    throw new VerbFailed('module-failed', `${file} cannot be loaded: ${reasonOf(error)}`);
  }
}

/** Node 22.18 and newer run TypeScript themselves. */
const stripsTypes = (): boolean => Boolean((process.features as { typescript?: string | false }).typescript);

const natively = (path: string): Promise<Record<string, unknown>> => import(pathToFileURL(path).href);

/** Older ones leave it to Vite, which takes a moment to load. */
async function throughVite(path: string): Promise<Record<string, unknown>> {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport<Record<string, unknown>>(path, { logLevel: 'silent' });
  return module;
}

/** Of a syntax error Vite shows the place, in colours. */
const reasonOf = (error: unknown): string => stripVTControlCharacters(messageOf(error)).trim();
