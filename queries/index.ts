export type * from './api.ts';
export { createQueries } from './create.ts';
export type { QueryDeps, UserSearch } from './deps.ts';
export { type Access, isHidden, type Sight, seenEvent, sightOf } from './visibility/index.ts';
