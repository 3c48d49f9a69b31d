import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** What lies where in the data folder. The log, the accounts and the keys are to be backed up; the views rebuild themselves. */
export interface DataFolder {
  root: string;
  events: string;
  views: string;
  accounts: string;
  keys: string;
  /** Where a running server is to be found; written once it is ready, removed when it stops. */
  addresses: string;
  /** What the demo made, where there is one. */
  demo: string;
}

/** Makes the folder, for its owner only, where it is missing. */
export function dataFolder(root: string): DataFolder {
  mkdirSync(root, { recursive: true, mode: 0o700 });
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
    demo: join(root, 'demo.json'),
  };
}
