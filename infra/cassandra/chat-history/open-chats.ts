import { LRUCache } from 'lru-cache';
import type { ChatId } from '../../../events/ids.ts';
import type { HistoryChat } from '../../../projections/chat-history/ports.ts';
import type { Cassandra } from '../cassandra.ts';
import { inLanes } from '../lanes.ts';
import { type Folding, foldingOf } from './folding.ts';
import { readWrittenHead } from './heads.ts';

/** Chats whose heads are kept between batches. */
const CHATS_KEPT_MAX = 100_000;
const READS_AT_ONCE = 64;

/** A chat as a batch goes over it. */
export interface OpenChat extends HistoryChat {
  readonly chatId: ChatId;
  head: number;
  /** Of the timestamps of its rows. */
  readonly base: number;
  advanced: boolean;
  /** The bucket that was last said to hold messages. */
  bucket: number | null;
  /** The messages that the batch folds, by the seqs of their sends. */
  readonly foldings: Map<number, Folding>;
}

type Kept = Pick<OpenChat, 'head' | 'bucket' | 'base'>;

/** The chats of one batch, and how far those of earlier ones have come, as committed. */
export interface OpenChats {
  open(chatIds: Iterable<ChatId>): Promise<void>;
  get(chatId: ChatId): OpenChat;
  committed(): void;
  reset(): void;
}

/** `leastBase`: what was written below it is not there any more. */
export function openChats(cassandra: Cassandra, leastBase: number): OpenChats {
  const kept = new LRUCache<ChatId, Kept>({ max: CHATS_KEPT_MAX });
  const open = new Map<ChatId, OpenChat>();
  const put = (chatId: ChatId, { head, bucket, base }: Kept) =>
    void open.set(chatId, { chatId, head, bucket, base, advanced: false, foldings: new Map() });
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
        const { seq, base } = head && head.base >= leastBase ? head : { seq: 0, base: leastBase };
        put(chatId, { head: seq, bucket: null, base });
      });
    },
    get(chatId) {
      const chat = open.get(chatId);
      if (!chat) throw new Error(`chat ${chatId} was not loaded`);
      return chat;
    },
    committed() {
      for (const { chatId, head, bucket, base } of open.values()) kept.set(chatId, { head, bucket, base });
      open.clear();
    },
    reset() {
      open.clear();
      kept.clear(); // chats may have been mended meanwhile
    },
  };
}

/**
 * One chat from its first event on, of which nothing is ever read. `folds`: the seqs of the messages that any of its
 * events will fold.
 */
export function wholeChat(chatId: ChatId, { base, folds }: { base: number; folds: ReadonlySet<number> }): OpenChats {
  const foldings = new Map([...folds].map((seq) => [seq, foldingOf(null)]));
  const chat: OpenChat = { chatId, head: 0, base, advanced: false, bucket: null, foldings };
  return {
    open: async () => undefined,
    get: () => chat,
    committed() {
      chat.advanced = false;
    },
    reset: () => undefined,
  };
}
