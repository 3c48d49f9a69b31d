import type { ChatId } from '../../events/ids.ts';
import type { Cassandra, Params, Statement } from './cassandra.ts';
import { inLanes } from './lanes.ts';

/**
 * One batch holds so many rows of one partition key, of whichever tables, which the server takes as one mutation, and
 * not much more text than this. Measured, 30 rows a batch are two thirds as quick as 100, 10 a quarter.
 */
const BATCH_ROWS = 200;
const BATCH_CHARACTERS = 64 * 1_024;
/** Batches on their way at once for one set of rows. */
const LANES = 128;

/** What a partition key says beside the chat. Tables whose keys are of the same types share a mutation. */
type KeyRest = number | string;

/** Rows to be written, gathered by chat and partition key. */
export interface PendingRows {
  add(chat: ChatId, rest: KeyRest, row: Statement): void;
  /** The row that says of the chat's others that they are there. One for each chat: a later one takes its place. */
  setHead(chat: ChatId, row: Statement): void;
  readonly size: number;
  /**
   * Writes all, those of a chat in any order and its head when they are written. Rejects with the first failure, when
   * nothing is on its way any more; a head that was not earned is not written then.
   */
  write(cassandra: Cassandra): Promise<void>;
  clear(): void;
}

interface Open {
  rows: Statement[];
  characters: number;
}

interface RowsOfChat {
  readonly open: Map<KeyRest, Open>;
  readonly batches: Statement[][];
  head: Statement | null;
}

export function pendingRows(): PendingRows {
  const chats = new Map<ChatId, RowsOfChat>();
  let size = 0;
  function rowsOf(chat: ChatId): RowsOfChat {
    const known = chats.get(chat);
    if (known) return known;
    const fresh: RowsOfChat = { open: new Map(), batches: [], head: null };
    chats.set(chat, fresh);
    return fresh;
  }
  return {
    add(chat, rest, row) {
      const { open, batches } = rowsOf(chat);
      const characters = charactersOf(row.params);
      let batch = open.get(rest);
      if (!batch || batch.rows.length === BATCH_ROWS || batch.characters + characters > BATCH_CHARACTERS) {
        batch = { rows: [], characters: 0 };
        open.set(rest, batch);
        batches.push(batch.rows);
      }
      batch.rows.push(row);
      batch.characters += characters;
      size += 1;
    },
    setHead(chat, row) {
      rowsOf(chat).head = row;
    },
    get size() {
      return size;
    },
    write: (cassandra) => writeChats(cassandra, [...chats.values()]),
    clear() {
      chats.clear();
      size = 0;
    },
  };
}

/** A chat's head follows its last batch in the same lane: no chat waits for the rows of another. */
function writeChats(cassandra: Cassandra, chats: readonly RowsOfChat[]): Promise<void> {
  const jobs = chats.flatMap(({ batches, head }) => {
    const all = batches.length > 0 ? batches : [[]];
    const chat = { left: all.length, head };
    return all.map((rows) => ({ rows, chat }));
  });
  return inLanes(jobs, LANES, async ({ rows, chat }) => {
    await cassandra.write(rows);
    chat.left -= 1;
    if (chat.left === 0 && chat.head) await cassandra.write([chat.head]);
  });
}

function charactersOf(params: Params): number {
  let sum = 0;
  for (const value of params) if (typeof value === 'string') sum += value.length;
  return sum;
}
