import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What lies where in the data folder. The log, the accounts and the keys are to be backed up; the views rebuild themselves. */
export interface DataFolder {
  root: string;
  events: string;
  views: string;
  accounts: string;
  keys: string;
  /** Where a running server is to be found; written once it is ready, removed when it stops. */
  addresses: string;
  /** The same of one whose views are still behind: until then it is there for operators only. */
  starting: string;
  /** What the demo made, where there is one. */
  demo: string;
}

/** Makes the folder, for its owner only, where it is missing. */
export function dataFolder(root: string): DataFolder {
  makeFolder(root);
  return dataFolderPaths(root);
}

/** The same without making anything. */
export function dataFolderPaths(root: string): DataFolder {
  return {
    root,
    events: join(root, 'events.db'),
    views: join(root, 'views.db'),
    accounts: join(root, 'accounts.db'),
    keys: join(root, 'keys'),
    addresses: join(root, 'addresses.json'),
    starting: join(root, 'starting.json'),
    demo: join(root, 'demo.json'),
  };
}

/** Step by step: where nothing can be made, such as below `/proc`, Node's own recursive form never comes back. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was quicker
  }
}
