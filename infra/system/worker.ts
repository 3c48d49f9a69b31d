import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

export interface WorkerFile {
  /** `import.meta.url` of the file that starts it. */
  from: string;
  /** Path of the worker's file from there, without extension: `./writer-worker`. */
  path: string;
  data: unknown;
  name: string;
}

/** Starts a worker thread from the built `.js` in production and from the `.ts` source in tests. */
export function startWorker({ from, path, data, name }: WorkerFile): Worker {
  const extension = from.endsWith('.ts') ? '.ts' : '.js';
  const file = new URL(`${path}${extension}`, from);
  const entry = extension === '.ts' ? throughLoader(file) : file;
  return new Worker(entry, { workerData: data, name, execArgv: [] });
}

/**
 * Not every Node strips types, and Node 20 does not run `--import` in a worker: so the thread begins with a line that
 * registers the loader. A development package, as is running sources.
 */
function throughLoader(file: URL): URL {
  const [, folder] = /^(.*)[/\\\\]/.exec(createRequire(import.meta.url).resolve('tsx/esm/api')) ?? [];
  const loader = pathToFileURL(`${folder}/index.mjs`).href;
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(file.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
