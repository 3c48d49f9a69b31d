export type * from './api.ts';
export { createQueries } from './create.ts';
export { BEHIND_WAIT_MS, type QueryDeps, type UserSearch } from './deps.ts';
export { pinnedQueries } from './pinned.ts';
export { type Access, isHidden, type Sight, seenEvent, sightOf } from './visibility/index.ts';
