// Who may import whom: the table of docs/architecture.md, read by `npm run layers`. test/house/layers.test.ts plants
// a violation of every row, so that this cannot quietly stop working.

const ROOMS = ['events', 'commands', 'projections', 'queries', 'gateway', 'infra', 'client', 'test', 'bin'];

/** What a room may import of other rooms, as patterns. A room missing here may import every other. */
const MAY_IMPORT = {
  events: [],
  commands: ['^events/'],
  projections: ['^events/', '^queries/[^/]+/view[./]'],
  queries: ['^events/'],
  gateway: ['^events/', '^(commands|queries)/index\\.ts$', '^(commands|queries)/.+/index\\.ts$'],
  infra: [
    '^events/',
    '^(commands|projections|queries|gateway)/(ports?|view)\\.ts$',
    '^(commands|projections|queries|gateway)/.+/(ports?|view)[./]',
  ],
  client: ['^events/'],
};

/** npm packages a room may use. A room missing here may use whatever `dependencies` names. */
const MAY_USE = {
  events: ['zod'],
  commands: ['zod', 'lru-cache'],
  projections: ['zod'],
  queries: ['zod'],
  client: ['zod', 'ulid', 'preact', '@preact/signals'],
};

/** Folders of infra/ that each speak to one store or broker. */
const ADAPTERS = 'cassandra|duckdb|eventstoredb|kafka|memory|postgres|sqlite';

/** Modules of Node that reach beyond the process. */
const OUTSIDE = 'child_process|cluster|dgram|dns|dns/promises|http|http2|https|net|tls';

const NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'npm-bundled'];

const roomRules = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  name: `${room}-imports`,
  severity: 'error',
  comment: `${room}/ may import ${allowed.join(', ') || 'no other room'}`,
  from: { path: `^${room}/` },
  to: { path: `^(${ROOMS.join('|')})/`, pathNot: [`^${room}/`, ...allowed] },
}));

const packageRules = Object.entries(MAY_USE).map(([room, allowed]) => ({
  name: `${room}-packages`,
  severity: 'error',
  comment: `${room}/ may use only these packages: ${allowed.join(', ')}`,
  from: { path: `^${room}/` },
  to: { dependencyTypes: NPM, pathNot: [`node_modules/(${allowed.join('|')})/`] },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    ...packageRules,
    {
      name: 'client-sdk-alone',
      severity: 'error',
      comment: 'the console is built on the SDK, never the other way round',
      from: { path: '^client/sdk/' },
      to: { path: '^client/(?!sdk/)' },
    },
    {
      name: 'events-no-builtins',
      severity: 'error',
      comment: 'events/ also runs in browsers (the parser cannot tell type-only imports, so these are out too)',
      from: { path: '^events/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'drivers-at-the-edge',
      severity: 'error',
      comment: 'databases and servers are the business of infra/ and gateway/',
      from: { pathNot: '^(infra|gateway|test|bin)/' },
      to: {
        path: '^(node:)?sqlite$|node_modules/(ws|uWebSockets\\.js|fastify|@fastify/[^/]+|@photostructure/sqlite)/',
      },
    },
    {
      name: 'views-say-nothing',
      severity: 'error',
      comment: 'what folds events into views runs again in every rebuild: it cannot tell anybody of them',
      from: { path: '^projections/', pathNot: '^projections/(relay/|deliveries/|index\\.ts$)' },
      to: { path: '^projections/(relay|deliveries)/' },
    },
    {
      name: 'projections-no-way-out',
      severity: 'error',
      comment: 'of Node, projections have timers: no sockets, no processes, no files',
      from: { path: '^projections/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?timers/promises$' },
    },
    {
      name: 'embedded-views-no-way-out',
      severity: 'error',
      comment:
        'from the thread that rebuilds the views of a data folder no module can be reached that speaks to anybody',
      from: { path: '^bin/embedded/projections/worker\\.ts$' },
      to: {
        reachable: true,
        path: [
          '^(commands|gateway|client)/',
          '^infra/(cassandra|eventstoredb|kafka|memory|postgres|telemetry|uws|ws)/',
          `^(node:)?(${OUTSIDE})$`,
          'node_modules/(kafkajs|ws|uWebSockets\\.js|pg|cassandra-driver|@grpc|@eventstore|fastify)/',
        ],
        pathNot: '/(ports?|view)\\.ts$',
      },
    },
    {
      name: 'adapters-apart',
      severity: 'error',
      comment:
        'what two adapters need stands beside them, in infra/sql or infra/system; the stand-in alone is built on SQLite',
      from: { path: `^infra/(${ADAPTERS})/`, pathNot: '^infra/eventstoredb/stand-in/' },
      to: { path: `^infra/(${ADAPTERS})/`, pathNot: '^infra/$1/' },
    },
    {
      name: 'no-test-imports',
      severity: 'error',
      comment: 'nobody imports test/',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-bin-imports',
      severity: 'error',
      comment: 'nobody imports bin/, tests apart',
      from: { pathNot: '^(bin|test)/' },
      to: { path: '^bin/' },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      comment: 'what runs in production must be in dependencies',
      from: { pathNot: '^(test|bin/checks)/' },
      // What traces need is loaded where they are asked for, and named to whoever has not installed it.
      to: {
        dependencyTypes: ['npm-dev'],
        pathNot: 'node_modules/@opentelemetry/(sdk-trace-node|exporter-trace-otlp-http)/',
      },
    },
    {
      name: 'no-unknown',
      severity: 'error',
      comment: 'every import resolves; bin/hindsight.mjs starts what was built',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(\\.\\./)?dist/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    // Node 20 has no node:sqlite, and would call it unknown.
    builtInModules: { add: ['sqlite', 'node:sqlite'] },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
