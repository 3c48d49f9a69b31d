export { pausePlayed } from './pace.ts';
export { type ReplayCheckpoint, ReplayError, type ReplayTarget } from './port.ts';
export { replay } from './replay.ts';
