import { seqOf } from '../../../events/streams.ts';
import { LEFT_OUT } from '../../../projections/parking/ports.ts';
import type { Checkpoints, PartitionBatch, PartitionRows } from '../../../projections/partitions/ports.ts';
import type { Writers } from '../../../projections/runner/ports.ts';
import type { Cassandra } from '../cassandra.ts';
import { addEvent, addTick } from '../chat-log/rows.ts';
import { type PendingRows, pendingRows } from '../pending-rows.ts';
import { BASE_SPAN, headRow } from './heads.ts';
import { loadBatch } from './load.ts';
import { type OpenChats, openChats } from './open-chats.ts';
import { chatHistoryWriter } from './writer.ts';

export interface RowsOptions {
  cassandra: Cassandra;
  /** Elsewhere: there are no transactions here. */
  checkpoints: Pick<Checkpoints, 'move'>;
  /** Of the claim: heads of older ones say nothing of what is in the tables now. */
  era?: number;
  /** In the place of what the tables hold of chats: then nothing is read. */
  chats?: OpenChats;
}

type Inputs = PartitionBatch['inputs'];
type ChatInput = Extract<Inputs[number], { category: 'chat' }>;

/**
 * The rows of the group `chat-history` for one partition: chat history, the chat log and the ids for lookups. A commit
 * writes the rows of each chat, then its head, and moves the checkpoint after all of them. Whoever is told of a head
 * finds everything up to it; whoever owns the checkpoint writes again what was not committed, and the rows are the same.
 */
export function createHistoryRows({ cassandra, checkpoints, era = 0, ...given }: RowsOptions): PartitionRows {
  const chats = given.chats ?? openChats(cassandra, era * BASE_SPAN);
  const rows = atBases(pendingRows(), chats);
  const writer = chatHistoryWriter(chats, rows);
  let inputs: readonly ChatInput[] = [];

  function clear(): void {
    inputs = [];
    rows.clear();
  }

  return {
    group: 'chat-history',
    writer<V extends keyof Writers>(view: V): Writers[V] {
      if (view !== 'chat-history') throw new Error(`${view} is not kept in Cassandra`);
      return writer as unknown as Writers[V];
    },
    async load(batch) {
      if (rows.size > 0) throw new Error('the batch before was neither committed nor forgotten');
      inputs = batch.inputs.filter((input) => input.category === 'chat');
      if (!given.chats) await loadBatch(cassandra, chats, inputs);
      addEvents(rows, chats, batch, inputs);
    },
    async commit(step) {
      addHeads(rows, chats, inputs);
      await rows.write(cassandra);
      await checkpoints.move(step);
      chats.committed();
      clear();
    },
    reset() {
      chats.reset();
      clear();
    },
    close: async () => undefined,
  };
}

/** The chat log takes the events themselves. */
function addEvents(
  rows: PendingRows,
  chats: OpenChats,
  { events }: PartitionBatch,
  inputs: readonly ChatInput[],
): void {
  let at = 0;
  for (const event of events) {
    const input = inputs[at];
    if (input?.position !== event.position) continue;
    at += 1;
    const { chatId } = input;
    if (seqOf(event.revision) <= chats.get(chatId).head) continue;
    const { type } = input as { type: string };
    // It may be the very row that cannot be written: readers find the event in the log.
    if (type === LEFT_OUT) addTick(rows, chatId, { event, at: input.at });
    else addEvent(rows, chatId, { event, at: input.at });
  }
}

function addHeads(rows: PendingRows, chats: OpenChats, inputs: readonly ChatInput[]): void {
  for (const { chatId, seq, at } of inputs) {
    const { advanced, head, base } = chats.get(chatId);
    if (advanced && head === seq) rows.setHead(chatId, headRow(chatId, { seq, at, base }));
  }
}

/** Every row ends with its timestamp, which lies in the range of its chat. */
function atBases(rows: PendingRows, chats: OpenChats): PendingRows {
  return {
    add(chatId, rest, row) {
      const { base } = chats.get(chatId);
      const timestamp = row.params.at(-1) as number;
      rows.add(chatId, rest, base === 0 ? row : { ...row, params: row.params.with(-1, base + timestamp) });
    },
    setHead: (chatId, row) => rows.setHead(chatId, row),
    get size() {
      return rows.size;
    },
    write: (cassandra) => rows.write(cassandra),
    clear: () => rows.clear(),
  };
}
