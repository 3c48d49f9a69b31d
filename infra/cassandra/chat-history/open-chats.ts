import { LRUCache } from 'lru-cache';
import type { ChatId } from '../../../events/ids.ts';
import type { HistoryChat } from '../../../projections/chat-history/ports.ts';
import type { Cassandra } from '../cassandra.ts';
import { inLanes } from '../lanes.ts';
import type { Folding } from './folding.ts';
import { readWrittenHead } from './heads.ts';

/** Chats whose heads are kept between batches. */
const CHATS_KEPT_MAX = 100_000;
const READS_AT_ONCE = 64;

/** A chat as a batch goes over it. */
export interface OpenChat extends HistoryChat {
  readonly chatId: ChatId;
  head: number;
  advanced: boolean;
  /** The bucket that was last said to hold messages. */
  bucket: number | null;
  /** The messages that the batch folds, by the seqs of their sends. */
  readonly foldings: Map<number, Folding>;
}

type Kept = Pick<OpenChat, 'head' | 'bucket'>;

/** The chats of one batch, and how far those of earlier ones have come, as committed. */
export interface OpenChats {
  open(chatIds: Iterable<ChatId>): Promise<void>;
  get(chatId: ChatId): OpenChat;
  committed(): void;
  reset(): void;
}

/** `generation`: what an older one has left is not there. */
export function openChats(cassandra: Cassandra, generation: number): OpenChats {
  const kept = new LRUCache<ChatId, Kept>({ max: CHATS_KEPT_MAX });
  const open = new Map<ChatId, OpenChat>();
  const put = (chatId: ChatId, { head, bucket }: Kept) =>
    void open.set(chatId, { chatId, head, bucket, advanced: false, foldings: new Map() });
  return {
    async open(chatIds) {
      const unknown: ChatId[] = [];
      for (const chatId of new Set(chatIds)) {
        const before = kept.get(chatId);
        if (before) put(chatId, before);
        else unknown.push(chatId);
      }
      await inLanes(unknown, READS_AT_ONCE, async (chatId) => {
        const head = await readWrittenHead(cassandra, chatId);
        put(chatId, { head: head && head.generation >= generation ? head.seq : 0, bucket: null });
      });
    },
    get(chatId) {
      const chat = open.get(chatId);
      if (!chat) throw new Error(`chat ${chatId} was not loaded`);
      return chat;
    },
    committed() {
      for (const { chatId, head, bucket } of open.values()) kept.set(chatId, { head, bucket });
      open.clear();
    },
    reset() {
      open.clear();
      kept.clear(); // the tables may have been emptied meanwhile
    },
  };
}
