import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { chatOf, seqOf } from '../../../events/streams.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { HEADS } from '../../../infra/cassandra/chat-history/heads.ts';
import {
  partitionHolding,
  rowOf,
  rowsIn,
  type StoredPartition,
  type StoredRow,
} from '../../../infra/cassandra/stored-rows.ts';
import type { Difference } from '../../../projections/generations/ports.ts';
import type { LeftOut } from '../../../projections/parking/left-out.ts';
import { type Graded, lookAgain, nothing } from './graded.ts';
import { refoldHistory } from './refold-history.ts';

const LOG = 'chat_log';

export interface GradeHistory {
  readonly log: EventLog;
  readonly cassandra: Cassandra;
  readonly chatId: ChatId;
  readonly leftOut: LeftOut;
  /** Where rows of the chat were seen. */
  readonly partitions: readonly StoredPartition[];
  /** Everything at or before it is in the view, asked before the rows are read. */
  committed(): Promise<LogPosition>;
  /** Told of how many events of the chat it was compared with. */
  went?(events: number): void;
}

/**
 * Every row of a chat in chat history and the chat log, against its stream. The rows are read before the stream, so that
 * whatever is in them is in the log too, or in no log at all.
 */
export function gradeHistory(of: GradeHistory): Promise<Graded> {
  return lookAgain(async () => {
    const until = await of.committed();
    const found = await foundRows(of);
    const graded = nothing();
    let ends = { held: 0, last: 0 };
    await refoldHistory({
      ...of,
      base: 0,
      until,
      async take(statements, { held, last }) {
        const seq = chatOf(last.stream) === null ? 0 : seqOf(last.revision);
        ends = { held: held ? seq : ends.held, last: seq };
        of.went?.(seq);
        for (const statement of statements) {
          const row = rowOf(statement);
          if (row.table.name === HEADS) continue;
          found.sawTime(row);
          const same = await found.take(row);
          if (!same && !held) continue; // it may be on its way
          graded.rows += 1;
          const what = same ? differing(row, same) : 'missing';
          if (what !== null) graded.differences.push(difference(of.chatId, row, what));
        }
      },
    });
    gradeHead(graded, { chatId: of.chatId, found, ends });
    for (const row of found.rest()) {
      graded.rows += 1;
      graded.differences.push(difference(of.chatId, row, 'not in the log'));
    }
    return graded;
  });
}

async function foundRows({ cassandra, partitions }: GradeHistory) {
  const rows = new Map<string, StoredRow>();
  const read = new Set<string>();
  let head: StoredRow | null = null;
  const times = new Map<number, unknown>();
  async function look(partition: StoredPartition): Promise<void> {
    read.add(placeOf(partition));
    for (const row of await rowsIn(cassandra, partition)) {
      if (row.table.name === HEADS) head = row;
      else rows.set(idOf(row), row);
    }
  }
  for (const partition of partitions) await look(partition);
  return {
    head: () => head,
    /** When the event of the head was. */
    headTime: (seq: number) => times.get(seq),
    sawTime(row: StoredRow): void {
      if (row.table.name !== LOG || head === null || seqIn(row) !== seqIn(head)) return;
      times.set(seqIn(row), valueOf(row, 'at'));
    },
    async take(row: StoredRow): Promise<StoredRow | null> {
      const partition = partitionHolding(row);
      if (!read.has(placeOf(partition))) await look(partition);
      const found = rows.get(idOf(row)) ?? null;
      rows.delete(idOf(row));
      return found;
    },
    rest: () => rows.values(),
  };
}

type Found = Awaited<ReturnType<typeof foundRows>>;

/** A head may be ahead of the checkpoint, and of no event that is not there. */
function gradeHead(
  graded: Graded,
  { chatId, found, ends }: { chatId: ChatId; found: Found; ends: { held: number; last: number } },
): void {
  const head = found.head();
  const place = (what: string): Difference => ({ chatId, seq: ends.held, what: `${HEADS} ("${chatId}"): ${what}` });
  if (!head || seqIn(head) === 0) {
    if (ends.held > 0) graded.differences.push(place('missing'));
    if (ends.held > 0) graded.rows += 1;
    return;
  }
  graded.rows += 1;
  const seq = seqIn(head);
  if (ends.last === 0) graded.differences.push(place('not in the log'));
  else if (seq < ends.held || seq > ends.last) graded.differences.push(place('different: seq'));
  else if (found.headTime(seq) !== valueOf(head, 'at')) graded.differences.push(place('different: at'));
}

const idOf = ({ table, key }: StoredRow): string => `${table.name} ${key}`;
const placeOf = ({ table, values }: StoredPartition): string => `${table.name} ${JSON.stringify(values)}`;

function differing(right: StoredRow, found: StoredRow): string | null {
  const columns = right.table.values.filter((_, n) => right.values[n] !== found.values[n]);
  return columns.length === 0 ? null : `different: ${columns.join(', ')}`;
}

const difference = (chatId: ChatId, row: StoredRow, what: string): Difference => ({
  chatId,
  seq: seqIn(row),
  what: `${row.table.name} (${row.key.slice(1, -1)}): ${what}`,
});

/** Of the event that a row came with, or of the message that it is about. */
function seqIn(row: StoredRow): number {
  const seq = valueOf(row, 'seq') ?? valueOf(row, 'message_seq') ?? 0;
  return typeof seq === 'number' ? seq : 0;
}

function valueOf({ table, key, values }: StoredRow, column: string): unknown {
  const place = table.values.indexOf(column);
  if (place >= 0) return values[place];
  const inKey = table.key.indexOf(column);
  return inKey < 0 ? undefined : (JSON.parse(key) as unknown[])[inKey];
}
