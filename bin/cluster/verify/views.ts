import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { partitionOf } from '../../../events/partition.ts';
import { userStream } from '../../../events/streams.ts';
import type { Bound, Postgres, Session } from '../../../infra/postgres/pool.ts';
import { type GroupName, groupName } from '../../../projections/partitions/ports.ts';
import { type Graded, nothing } from './graded.ts';
import type { Outside } from './outside.ts';
import { refoldChat, refoldUser } from './refold-views.ts';

type View = 'user-chats' | 'members' | 'users';

interface ViewTable {
  readonly name: string;
  readonly view: View;
  readonly key: readonly string[];
  readonly values: readonly string[];
  /** Where it is told of in the chat. */
  readonly seq: string;
}

/** `to` is no seq of the row's own, and a chat's row moves with every event. */
const CHAT_TABLES: readonly ViewTable[] = [
  {
    name: 'user_chats_chats',
    view: 'user-chats',
    key: ['chat_id'],
    values: [
      'kind',
      'title',
      'member_count',
      'head_seq',
      'head_position',
      'order_position',
      'last_message_seq',
      'message_count',
      'history_visibility',
      'past_content',
    ],
    seq: 'head_seq',
  },
  {
    name: 'user_chats_memberships',
    view: 'user-chats',
    key: ['user_id', 'chat_id'],
    values: ['role', 'stays', 'read_seq', 'delivered_seq'],
    seq: 'read_seq',
  },
  {
    name: 'members_spans',
    view: 'members',
    key: ['chat_id', 'user_id', 'from_seq'],
    values: ['to_seq', 'since_seq', 'role'],
    seq: 'from_seq',
  },
  { name: 'members_frames', view: 'members', key: ['chat_id', 'seq'], values: ['title', 'member_count'], seq: 'seq' },
];
const USER_TABLES: readonly ViewTable[] = [
  {
    name: 'users_users',
    view: 'users',
    key: ['user_id'],
    values: ['username', 'display_name', 'display_folded', 'place'],
    seq: '0',
  },
];

export interface GradeViews {
  readonly log: EventLog;
  /** The stores of the generation that is graded. */
  readonly postgres: Postgres;
  readonly generation: number;
  readonly partitions: number;
  readonly outside: Outside;
  /** Others are left out. */
  readonly views: readonly string[];
}

/** Chats as user chats and members hold them, against their streams and the receipts in them. */
export async function gradeChats(of: GradeViews, chatIds: readonly ChatId[]): Promise<Graded> {
  const tables = CHAT_TABLES.filter(({ view }) => of.views.includes(view));
  const found = await foundRows(of, tables, { column: 'chat_id', ids: chatIds });
  const right = await inScratch(of, tables, async function* () {
    for (const chatId of chatIds) {
      const { leftOut } = of.outside;
      yield* await refoldChat(of.log, { chatId, until: found.through(chatId), leftOut });
    }
  });
  return compared(right, found.rows);
}

export async function gradeUsers(of: GradeViews, userIds: readonly UserId[]): Promise<Graded> {
  const found = await foundRows(of, USER_TABLES, { column: 'user_id', ids: userIds });
  const right = await inScratch(of, USER_TABLES, async function* () {
    for (const userId of userIds) {
      const { leftOut } = of.outside;
      yield* await refoldUser(of.log, { userId, until: found.through(userStream(userId)), leftOut });
    }
  });
  return compared(right, found.rows);
}

/** Everybody that the tables tell of. */
export async function subjectsIn(postgres: Postgres): Promise<{ chats: ChatId[]; users: UserId[] }> {
  const chats = CHAT_TABLES.map(({ name }) => `SELECT chat_id AS id FROM ${name}`).join(' UNION ');
  const ids = async (query: string): Promise<string[]> =>
    (await postgres.query<{ id: string }>(query)).map(({ id }) => id);
  return { chats: await ids(chats), users: await ids('SELECT user_id AS id FROM users_users') };
}

/** What throws a chat's rows away. */
export const forgetChat = (chatId: ChatId): Bound[] =>
  CHAT_TABLES.map(({ name }) => ({ statement: `DELETE FROM ${name} WHERE chat_id = $1`, values: [chatId] }));

interface FoundRow {
  readonly table: string;
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[];
  readonly seq: number;
}

/** Rows and checkpoints of one moment: the rows say what the log says through there. */
async function foundRows(
  { postgres, generation, partitions, outside }: GradeViews,
  tables: readonly ViewTable[],
  { column, ids }: { column: string; ids: readonly string[] },
): Promise<{ rows: FoundRow[]; through(key: string): LogPosition }> {
  const group: GroupName = groupName('user-chats', generation);
  return postgres.transaction(async (session) => {
    await session.execute('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const checkpoints = await session.query<{ partition: number; position: LogPosition }>(
      'SELECT partition, position FROM checkpoints WHERE grp = $1',
      [group],
    );
    const at = new Map(checkpoints.map(({ partition, position }) => [partition, position]));
    const rows = await readRows(session, tables, `WHERE ${column} = ANY($1)`, [ids]);
    return {
      rows,
      through(key) {
        const position = at.get(partitionOf(key, partitions)) ?? 0;
        return outside.held({ group: 'user-chats', generation }, key, position);
      },
    };
  });
}

async function readRows(
  session: Session,
  tables: readonly ViewTable[],
  where = '',
  params: readonly unknown[] = [],
): Promise<FoundRow[]> {
  const all: FoundRow[] = [];
  for (const { name, key, values, seq } of tables) {
    const query = `SELECT ${[...key, ...values].join(', ')}, ${seq} AS "seqShown" FROM ${name} ${where}`;
    for (const row of await session.query<Record<string, unknown>>(query, params)) {
      const id = JSON.stringify(key.map((column) => row[column]));
      all.push({ table: name, id, values: row, columns: values, seq: Number(row['seqShown'] ?? 0) });
    }
  }
  return all;
}

/**
 * What statements write into empty tables of the same form, which are gone with the transaction. They hide the tables of
 * the same names: each statement is read anew here, and none that was prepared before is used.
 */
async function inScratch(
  { postgres }: GradeViews,
  tables: readonly ViewTable[],
  statements: () => AsyncGenerator<Bound>,
): Promise<FoundRow[]> {
  const written: Bound[] = [];
  for await (const statement of statements()) written.push(statement);
  return postgres.transaction(async (session) => {
    for (const { name } of [...CHAT_TABLES, ...USER_TABLES]) {
      await session.execute(`CREATE TEMPORARY TABLE ${name} (LIKE ${name} INCLUDING ALL) ON COMMIT DROP`);
    }
    for (const { statement, values } of written) {
      await session.execute(typeof statement === 'string' ? statement : statement.text, values);
    }
    return readRows(session, tables);
  });
}

function compared(right: readonly FoundRow[], found: readonly FoundRow[]): Graded {
  const graded = nothing();
  const left = new Map(found.map((row) => [`${row.table} ${row.id}`, row]));
  for (const row of right) {
    const name = `${row.table} ${row.id}`;
    const same = left.get(name);
    left.delete(name);
    graded.rows += 1;
    const columns = row.columns.filter((column) => same && row.values[column] !== same.values[column]);
    if (!same) graded.differences.push(difference(row, 'missing'));
    else if (columns.length > 0) graded.differences.push(difference(row, `different: ${columns.join(', ')}`));
  }
  for (const row of left.values()) {
    graded.rows += 1;
    graded.differences.push(difference(row, 'not in the log'));
  }
  return graded;
}

const difference = ({ table, id, values, seq }: FoundRow, what: string): Graded['differences'][number] => ({
  chatId: typeof values['chat_id'] === 'string' ? values['chat_id'] : '',
  seq,
  what: `${table} (${id.slice(1, -1)}): ${what}`,
});
