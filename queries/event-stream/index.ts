export type { EventFilter } from './filter.ts';
export { eventLines } from './lines.ts';
export { type EventStreamOptions, type EventStreamPage, readEventStream } from './read.ts';
