import type { ChatId } from '../../events/ids.ts';
import type { ChatSlots, ChatSlotsStore } from '../../projections/deliveries/ports.ts';
import { numberColumn, textColumn } from './arrays.ts';
import { fencedRows } from './fenced-rows.ts';
import { NotLoaded } from './loaded.ts';
import type { Bound, Postgres } from './pool.ts';

type Counts = [slot: number, members: number][];

const LOAD = `SELECT chat_id AS "chatId", head_seq AS "headSeq", counts FROM chat_slots WHERE chat_id = ANY($1::text[])`;
const STORE = `INSERT INTO chat_slots AS c (chat_id, head_seq, counts)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
  ON CONFLICT (chat_id) DO UPDATE SET head_seq = excluded.head_seq, counts = excluded.counts
  WHERE c.head_seq < excluded.head_seq`;

/** Which recipient slots have members of a chat, for one partition of deliveries. Connections are the caller's. */
export function createChatSlots(postgres: Postgres, options: { keptMax?: number } = {}): ChatSlotsStore {
  const known = new Map<ChatId, ChatSlots>();
  const touched = new Set<ChatSlots>();
  const forget = () => {
    known.clear();
    touched.clear();
  };
  const rows = {
    size: () => known.size,
    store: () => (touched.size > 0 ? [store([...touched])] : []),
    committed: () => touched.clear(),
    forget,
  };

  return {
    ...fencedRows(postgres, [rows], options.keptMax),
    async load(chatIds) {
      const missing = [...new Set(chatIds)].filter((chatId) => !known.has(chatId));
      if (missing.length === 0) return;
      const found = new Map((await load(postgres, missing)).map((chat) => [chat.chatId, chat]));
      for (const chatId of missing) known.set(chatId, found.get(chatId) ?? { chatId, headSeq: 0, counts: new Map() });
    },
    of(chatId) {
      const chat = known.get(chatId);
      if (!chat) throw new NotLoaded(`chat ${chatId}`);
      return chat;
    },
    touch: (chat) => void touched.add(chat),
  };
}

async function load(postgres: Postgres, chatIds: readonly ChatId[]): Promise<ChatSlots[]> {
  const stored = await postgres.query<{ chatId: ChatId; headSeq: number; counts: string }>(LOAD, [
    textColumn(chatIds, (chatId) => chatId),
  ]);
  return stored.map(({ counts, ...chat }) => ({ ...chat, counts: new Map(JSON.parse(counts) as Counts) }));
}

const store = (chats: readonly ChatSlots[]): Bound => ({
  statement: { name: 'chat-slots-store', text: STORE },
  values: [
    textColumn(chats, ({ chatId }) => chatId),
    numberColumn(chats, ({ headSeq }) => headSeq),
    textColumn(chats, ({ counts }) => JSON.stringify([...counts] satisfies Counts)),
  ],
});
