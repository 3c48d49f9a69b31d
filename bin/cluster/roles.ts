/** What a process of a cluster may do. Each can be run any number of times; what has to be done by one alone finds its one. */
export const ROLES = {
  http: 'the HTTP API and the console',
  gateway: 'the WebSocket gateway',
  relay: 'event store to Kafka: one is active, the others stand by',
  projector: 'Kafka to Cassandra and Postgres: the partitions are shared out',
  deliveries: 'Kafka to the slots of recipients: the partitions are shared out',
} as const;
export type Role = keyof typeof ROLES;
export type Roles = ReadonlySet<Role>;

const ALL = 'all';
const NAMES = Object.keys(ROLES) as Role[];

/** Null where the list names no role, or something else besides. */
export function parseRoles(list: string): Roles | null {
  const names = list.split(',').map((name) => name.trim());
  if (names.includes(ALL)) return names.length === 1 ? new Set(NAMES) : null;
  return names.every((name): name is Role => Object.hasOwn(ROLES, name)) ? new Set(names) : null;
}

export const ROLES_HELP = `a comma-separated list of ${NAMES.join(', ')}, or ${ALL}`;
