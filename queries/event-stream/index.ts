export type { EventFilter } from './filter.ts';
export { eventLines } from './lines.ts';
export { readEventStream } from './read.ts';
