export type * from './api.ts';
export { createQueries } from './create.ts';
export type { QueryDeps, UserSearch } from './deps.ts';
export * from './visibility/index.ts';
