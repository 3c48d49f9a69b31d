import { inject } from 'vitest';
import { databaseOn, keyspaceOn, type Servers, uniqueName } from './fresh-stores.ts';

export type { Servers } from './fresh-stores.ts';

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers;
  }
}

/** What `start-servers.ts` started or was told of, for tests of the project `servers` (`*.int.test.ts`). */
export const servers = (): Servers => inject('servers');

export const freshDatabase = (): ReturnType<typeof databaseOn> => databaseOn(servers());

export const freshKeyspace = (): ReturnType<typeof keyspaceOn> => keyspaceOn(servers());

/** Begins the names of topics and of consumer groups, so that tests on one broker do not meet. */
export const topicPrefix = (): string => `${uniqueName()}.`;
