import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** Preloaded into a server: SIGUSR2 collects all its garbage, so that what it takes is what it needs. */
if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: {
    type: 'major';
    flavor: 'last-resort';
    execution: 'sync';
  }) => void;
  process.on('SIGUSR2', () => collect({ type: 'major', flavor: 'last-resort', execution: 'sync' }));
}
