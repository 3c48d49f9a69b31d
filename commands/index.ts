export type * from './api.ts';
export { createCommands } from './create.ts';
export type * from './ports.ts';
