import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Whole processes and browsers on a machine that others use too: once more before it counts, and the report says so. */
const RETRY_PROCESSES = 1;
/** Some of these race sockets, timers and gRPC calls against each other too. */
const RETRY_UNIT = 1;
const RETRY_CLUSTER = 2;
const E2E = 'test/**/*.e2e.test.ts';
const BROWSER = 'test/**/*.browser.test.ts';
const SERVERS = 'test/**/*.int.test.ts';

export default defineConfig({
  test: {
    expect: { requireAssertions: true },
    passWithNoTests: false,
    maxWorkers: Math.min(4, availableParallelism()),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [E2E, BROWSER, SERVERS],
          retry: RETRY_UNIT,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [E2E],
          pool: 'forks',
          maxWorkers: 2,
          retry: RETRY_PROCESSES,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [BROWSER],
          pool: 'forks',
          maxWorkers: 1,
          retry: RETRY_PROCESSES,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: [SERVERS],
          globalSetup: 'test/support/start-servers.ts',
          pool: 'forks',
          maxWorkers: 2,
          retry: RETRY_PROCESSES,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/e2e/*.e2e.test.ts'],
          exclude: ['test/e2e/data-folder.e2e.test.ts'],
          env: { HINDSIGHT_TEST_CLUSTER: 'on' },
          globalSetup: 'test/support/start-servers.ts',
          setupFiles: 'test/support/drop-clusters.ts',
          pool: 'forks',
          maxWorkers: 1,
          retry: RETRY_CLUSTER,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
