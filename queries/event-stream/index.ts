export type { EventFilter } from './filter.ts';
export { type EventChunk, eventLines, eventsOf } from './lines.ts';
export { type EventStreamOptions, type EventStreamPage, readEventStream } from './read.ts';
