import { StoreError } from '../../events/event-store.ts';
import { FIRST_GENERATION } from '../../projections/partitions/ports.ts';
import type { Cassandra, Statement } from './cassandra.ts';
import { readOne } from './cassandra.ts';
import { migrate } from './migrations/migrate.ts';
import { VIEW_TABLES } from './stored-rows.ts';

/** A keyspace's name is no longer than this. */
const NAME_MAX = 48;
const TABLE = /\b(FROM|INTO|UPDATE|TABLE IF NOT EXISTS|TABLE IF EXISTS) (\w+)(?![\w.])/g;
/** Names its keyspace: what is known of all of them. */
const OF_ALL = /\bFROM system_schema\.\w+/;
const GONE = /unconfigured table|does not exist|keyspace \S+ (was not|not) found/i;

/** The first generation lies where everything lies that is no view; each other one in a keyspace of its own. */
function keyspaceOf({ keyspace }: Cassandra, generation: number): string {
  const name = `${keyspace}_g${generation}`;
  if (name.length > NAME_MAX) throw new Error(`${keyspace} is too long a name: ${name} is that of a generation`);
  return name;
}

/** The same client and the same statements over the tables of one generation. What was dropped meanwhile is `unavailable`. */
export const atGeneration = (cassandra: Cassandra, generation: number): Cassandra =>
  orGone(inKeyspace(cassandra, generation), `generation ${generation} of chat history`);

function inKeyspace(cassandra: Cassandra, generation: number): Cassandra {
  if (generation === FIRST_GENERATION) return cassandra;
  const keyspace = keyspaceOf(cassandra, generation);
  const known = new Map<string, string>();
  const there = (query: string): string => {
    const rewritten = known.get(query) ?? moveTables(query, keyspace);
    known.set(query, rewritten);
    return rewritten;
  };
  const moved = ({ query, params }: Statement): Statement => ({ query: there(query), params });
  return {
    keyspace,
    read: (query, params, options) => cassandra.read(there(query), params, options),
    write: (rows) => cassandra.write(rows.map(moved)),
    define: (statement) => cassandra.define(there(statement)),
    decide: (query, params) => cassandra.decide(there(query), params),
    close: () => cassandra.close(),
  };
}

/** Throws where it finds no table: the statement would be about the tables of the first generation. */
function moveTables(query: string, keyspace: string): string {
  const rewritten = query.replace(TABLE, `$1 ${keyspace}.$2`);
  if (rewritten === query && !OF_ALL.test(query)) throw new Error(`which generation is this about? ${query}`);
  return rewritten;
}

function orGone(cassandra: Cassandra, what: string): Cassandra {
  const tried = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Error) || error instanceof StoreError || !GONE.test(error.message)) throw error;
      throw new StoreError('unavailable', `${what}: it is not there any more`, { cause: error });
    }
  };
  return {
    ...cassandra,
    read: (query, params, options) => tried(cassandra.read(query, params, options)),
    write: (rows) => tried(cassandra.write(rows)),
  };
}

/** With all tables, where it is not there yet. `owner` names the process. */
export async function makeGeneration(cassandra: Cassandra, generation: number, owner: string): Promise<void> {
  const keyspace = keyspaceOf(cassandra, generation);
  if (!(await keyspaceRow(cassandra, keyspace))) {
    const main = await keyspaceRow(cassandra, cassandra.keyspace);
    const replication = Object.entries((main?.['replication'] ?? {}) as Record<string, string>);
    const literal = replication.map(([name, value]) => `'${name}': '${value.replaceAll("'", "''")}'`).join(', ');
    await cassandra.define(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${literal}}`);
  }
  await migrate(inKeyspace(cassandra, generation), { owner });
}

/** Nothing of it is left. Of the first generation only the tables go: what lies beside them is no view. */
export async function dropGeneration(cassandra: Cassandra, generation: number): Promise<void> {
  if (generation !== FIRST_GENERATION)
    return cassandra.define(`DROP KEYSPACE IF EXISTS ${keyspaceOf(cassandra, generation)}`);
  for (const { name } of VIEW_TABLES) await cassandra.define(`DROP TABLE IF EXISTS ${name}`);
}

const keyspaceRow = (cassandra: Cassandra, name: string) =>
  readOne(cassandra, 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [name]);
