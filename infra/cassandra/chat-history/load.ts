import type { ChatId } from '../../../events/ids.ts';
import type { PartitionBatch } from '../../../projections/partitions/ports.ts';
import { FOLD_EVERY } from '../../../queries/chat-history/view.ts';
import type { Cassandra } from '../cassandra.ts';
import { inLanes } from '../lanes.ts';
import { foldingOf, loadNames } from './folding.ts';
import type { OpenChat, OpenChats } from './open-chats.ts';
import { namesOfFold } from './overflow.ts';
import { chatHistoryReader } from './reader.ts';

const READS_AT_ONCE = 32;

type ChatInput = Extract<PartitionBatch['inputs'][number], { category: 'chat' }>;

/** The changes of one message in a batch. */
interface Coming {
  readonly chat: OpenChat;
  readonly messageSeq: number;
  folds: boolean;
  /** Reactions taken back, by emoji. */
  readonly removals: Map<string, number>;
}

/**
 * Reads what projectors will ask of a batch: how far its chats have come, and the messages that it folds, all as of the
 * head that the chat has here. What another process wrote beyond it is not looked at, so that the same comes out.
 */
export async function loadBatch(cassandra: Cassandra, chats: OpenChats, inputs: readonly ChatInput[]): Promise<void> {
  const reader = chatHistoryReader(cassandra);
  await chats.open(inputs.map(({ chatId }) => chatId));
  const folded = comingChanges(chats, inputs).filter(({ folds }) => folds);
  await inLanes(folded, READS_AT_ONCE, async ({ chat, messageSeq, removals }) => {
    const { chatId, head } = chat;
    const [facts = null] = messageSeq > head ? [] : await reader.messages(chatId, [messageSeq], head);
    const fold = facts?.fold ?? null;
    const partial = fold?.reactions.some(({ count, first }) => first.length < count) ?? false;
    const names = fold && partial ? await namesOfFold(cassandra, { chatId, messageSeq }, fold.rev) : new Map();
    const folding = foldingOf(facts, names);
    await loadNames(folding, removals, async (emoji, page) => {
      const { reactions } = await reader.reactions(chatId, messageSeq, { ...page, through: head, emoji });
      return reactions;
    });
    chat.foldings.set(messageSeq, folding);
  });
}

function comingChanges(chats: OpenChats, inputs: readonly ChatInput[]): Coming[] {
  const coming = new Map<ChatId, Map<number, Coming>>();
  for (const input of inputs) {
    if (!isChange(input)) continue;
    const chat = chats.get(input.chatId);
    if (input.seq <= chat.head) continue;
    const { messageSeq, rev } = input.data;
    const ofChat = coming.get(chat.chatId) ?? new Map<number, Coming>();
    coming.set(chat.chatId, ofChat);
    const of = ofChat.get(messageSeq) ?? { chat, messageSeq, folds: false, removals: new Map() };
    ofChat.set(messageSeq, of);
    if (endsInFold(rev)) of.folds = true;
    if (input.type === 'ReactionRemoved') {
      const { emoji } = input.data;
      of.removals.set(emoji, (of.removals.get(emoji) ?? 0) + 1);
    }
  }
  return [...coming.values()].flatMap((ofChat) => [...ofChat.values()]);
}

type Change = Extract<ChatInput, { type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved' }>;

const CHANGES: ReadonlySet<string> = new Set<Change['type']>([
  'MessageEdited',
  'MessageDeleted',
  'ReactionAdded',
  'ReactionRemoved',
]);

const isChange = (input: ChatInput): input is Change => CHANGES.has(input.type);
const endsInFold = (rev: number): boolean => (rev - 1) % FOLD_EVERY === 0;
