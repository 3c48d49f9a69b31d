import type { ChatId } from '../../../events/ids.ts';
import { type ChangeFact, FOLD_EVERY, type MessageFacts } from '../../../queries/chat-history/view.ts';
import { type Cassandra, type Params, type Row, readAll, readOne } from '../cassandra.ts';
import { intOf } from '../row.ts';
import { changeFact, sentFact } from './facts.ts';
import { foldAsOf, type Message } from './overflow.ts';
import { asInt, bucketOf } from './places.ts';

const COLUMNS = 'message_seq, rev, seq, at, actor, kind, body, mentions, number, message_id, more';
const FROM = `SELECT ${COLUMNS} FROM chat_history WHERE chat = ? AND bucket = ?`;
const DOWN = `${FROM} AND message_seq <= ?`;
const UP = `${FROM} AND message_seq > ? AND message_seq <= ? ORDER BY message_seq ASC`;
const NAMED = `${FROM} AND message_seq IN ?`;
const EARLY = `${FROM} AND message_seq = ? AND rev > 1`;
const BUCKET_BELOW = 'SELECT bucket FROM chat_history_buckets WHERE chat = ? AND bucket < ? LIMIT 1';
const BUCKET_ABOVE = `SELECT bucket FROM chat_history_buckets WHERE chat = ? AND bucket > ? AND bucket <= ?
  ORDER BY bucket ASC LIMIT 1`;

/** Rows beyond one for each message that are read with a page, for the changes of most. */
const SPARE_ROWS = 64;
/** Messages named in one query. */
const NAMED_MAX = 50;

/** A message's send and its first changes, as they lie together. */
interface Found {
  readonly seq: number;
  readonly rows: Row[];
}

/** The newest messages with seq ≤ `top`, oldest first. Buckets that hold no message are jumped over. */
export async function messagesDown(
  cassandra: Cassandra,
  { chatId, top, limit }: { chatId: ChatId; top: number; limit: number },
): Promise<Found[]> {
  const found: Found[] = [];
  let bucket: number | null = bucketOf(asInt(top));
  while (bucket !== null && bucket >= 0) {
    const query = { query: DOWN, params: [chatId, bucket, asInt(top)], limit: limit - found.length };
    found.push(...(await messagesOf(cassandra, query)));
    if (found.length >= limit || bucket === 0) break;
    bucket = await nextBucket(cassandra, BUCKET_BELOW, [chatId, bucket]);
  }
  return found.reverse();
}

/** The oldest messages with `after` < seq ≤ `through`. */
export async function messagesUp(
  cassandra: Cassandra,
  { chatId, after, through, limit }: { chatId: ChatId; after: number; through: number; limit: number },
): Promise<Found[]> {
  const found: Found[] = [];
  const last = bucketOf(asInt(through));
  let bucket: number | null = bucketOf(asInt(after + 1));
  while (bucket !== null && bucket <= last) {
    const query = { query: UP, params: [chatId, bucket, after, asInt(through)], limit: limit - found.length };
    found.push(...(await messagesOf(cassandra, query)));
    if (found.length >= limit || bucket === last) break;
    bucket = await nextBucket(cassandra, BUCKET_ABOVE, [chatId, bucket, last]);
  }
  return found;
}

async function nextBucket(cassandra: Cassandra, query: string, params: Params): Promise<number | null> {
  const row = await readOne(cassandra, query, params);
  return row && intOf(row, 'bucket');
}

/** Pages of rows until there are messages enough, each with all of its first changes. */
async function messagesOf(
  cassandra: Cassandra,
  { query, params, limit }: { query: string; params: Params; limit: number },
): Promise<Found[]> {
  const found: Found[] = [];
  for (let page: string | null = ''; page !== null; ) {
    const read: Awaited<ReturnType<Cassandra['read']>> = await cassandra.read(query, params, {
      rows: limit + SPARE_ROWS,
      ...(page !== '' && { page }),
    });
    for (const row of read.rows) {
      const seq = intOf(row, 'message_seq');
      const last = found.at(-1);
      if (last?.seq === seq) last.rows.push(row);
      else if (found.length === limit) return found;
      else found.push({ seq, rows: [row] });
    }
    page = read.next;
  }
  return found;
}

export async function messagesNamed(cassandra: Cassandra, chatId: ChatId, seqs: readonly number[]): Promise<Found[]> {
  const queries = inBuckets(seqs).map(([bucket, named]) =>
    messagesOf(cassandra, { query: NAMED, params: [chatId, bucket, named], limit: named.length }),
  );
  return (await Promise.all(queries)).flat().toSorted((a, b) => a.seq - b.seq);
}

/** Seqs by bucket, so few together as one query may name. */
export function inBuckets(seqs: readonly number[]): [bucket: number, seqs: number[]][] {
  const all: [number, number[]][] = [];
  for (const seq of new Set(seqs)) {
    const bucket = bucketOf(seq);
    const open = all.findLast(([of, named]) => of === bucket && named.length < NAMED_MAX);
    if (open) open[1].push(seq);
    else all.push([bucket, [seq]]);
  }
  return all;
}

/** The facts of a message as of a seq. One whose send is not written yet is none. */
export async function factsOf(
  cassandra: Cassandra,
  { chatId, found, through }: { chatId: ChatId; found: Found; through: number },
): Promise<MessageFacts[]> {
  const rows = found.rows.toSorted((a, b) => intOf(a, 'rev') - intOf(b, 'rev'));
  const [first, ...later] = rows;
  if (!first || intOf(first, 'rev') !== 1 || found.seq > through) return [];
  const sent = sentFact(first);
  const changes = later.map((row) => changeFact(row, found.seq)).filter(({ seq }) => seq <= through);
  const folded =
    changes.length < FOLD_EVERY ? null : await foldAsOf(cassandra, { chatId, messageSeq: found.seq }, through);
  return [folded === null ? { sent, fold: null, changes } : { sent, ...folded }];
}

/** The first changes of a message: all that it has, but where they are as many as are folded. */
export async function earlyChanges(
  cassandra: Cassandra,
  { chatId, messageSeq }: Message,
  through: number,
): Promise<ChangeFact[]> {
  const rows = await readAll(cassandra, EARLY, [chatId, bucketOf(messageSeq), messageSeq]);
  return rows.map((row) => changeFact(row, messageSeq)).filter(({ seq }) => seq <= through);
}
