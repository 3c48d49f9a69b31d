export type * from './api.ts';
export { createCommands } from './create.ts';
export { importChat } from './import/import-chat.ts';
export { type EventsReport, importEvents } from './import/import-events.ts';
export type * from './import/port.ts';
export type { ImportReport } from './import/run.ts';
export type * from './ports.ts';
export { foldUsername } from './text.ts';
