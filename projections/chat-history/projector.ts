import { words } from '../../events/content.ts';
import type { ChangeFact, SentFact } from '../../queries/chat-history/view.ts';
import { isNext } from '../order.ts';
import type { ChatInput, Input, Projection } from '../projection.ts';
import { endsInFold, fold } from './fold.ts';
import type { ChatHistoryWriter, HistoryChat } from './ports.ts';

type Sent = ChatInput & { type: 'MessageSent' };
type Change = ChatInput & { type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved' };

/** Chat history: one fact for every event about a message, and a fold now and then. */
export function chatHistoryProjection<Chat extends HistoryChat>(writer: ChatHistoryWriter<Chat>): Projection {
  return {
    categories: ['chat'],
    apply: (input) => applyInput(writer, input),
    flush: () => writer.flush(),
    reset: () => writer.reset(),
  };
}

function applyInput<Chat extends HistoryChat>(writer: ChatHistoryWriter<Chat>, input: Input): void {
  if (input.category !== 'chat') return;
  const chat = writer.chat(input.chatId);
  if (!isNext(chat.head, input)) return;
  writer.advance(chat, input.seq);
  switch (input.type) {
    case 'MessageSent':
      writer.sent(chat, sentFact(input));
      // The id of a send is that of its message: kept once.
      if (input.commandId !== input.data.messageId) writer.command(chat, input.commandId, input.seq);
      return;
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved':
      writer.command(chat, input.commandId, input.seq);
      applyChange(writer, chat, changeFact(input));
      return;
    default:
      writer.command(chat, input.commandId, input.seq);
  }
}

function applyChange<Chat extends HistoryChat>(writer: ChatHistoryWriter<Chat>, chat: Chat, change: ChangeFact): void {
  writer.changed(chat, change);
  if (!endsInFold(change.rev)) return;
  const { messageSeq } = change;
  const facts = writer.facts(chat, messageSeq);
  if (!facts) throw new Error(`a change of message ${messageSeq}, which the view does not hold`);
  writer.folded(
    chat,
    fold(facts, (emoji, limit) => writer.standing(chat, { messageSeq, emoji, limit })),
  );
}

function sentFact({ seq, at, actor, data }: Sent): SentFact {
  const fact: SentFact = {
    seq,
    number: data.number,
    messageId: data.messageId,
    senderId: actor,
    at,
    text: words(data.text),
  };
  if (data.replyTo) fact.replyTo = data.replyTo;
  if (data.mentions && data.mentions.length > 0) fact.mentions = data.mentions;
  if (data.files && data.files.length > 0) {
    fact.files = data.files.map((file) => ({ ...file, name: words(file.name) }));
  }
  if (data.origin) fact.origin = { ...data.origin, author: words(data.origin.author) };
  return fact;
}

function changeFact(input: Change): ChangeFact {
  const { seq, at, actor } = input;
  const { messageSeq, rev } = input.data;
  switch (input.type) {
    case 'MessageEdited': {
      const edited: ChangeFact = { messageSeq, rev, seq, at, actor, kind: 'edited', text: words(input.data.text) };
      if (input.data.mentions && input.data.mentions.length > 0) edited.mentions = input.data.mentions;
      return edited;
    }
    case 'MessageDeleted':
      return { messageSeq, rev, seq, at, actor, kind: 'deleted' };
    case 'ReactionAdded':
      return { messageSeq, rev, seq, at, actor, kind: 'reacted', emoji: input.data.emoji };
    case 'ReactionRemoved':
      return { messageSeq, rev, seq, at, actor, kind: 'unreacted', emoji: input.data.emoji };
  }
}
