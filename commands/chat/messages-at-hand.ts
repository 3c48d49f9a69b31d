import type { ChatState, MessageState } from './state.ts';

const MESSAGES_AT_HAND_MAX = 512;
const MESSAGES_AT_HAND_MAX_BYTES = 1_048_576;
/** Rough costs in memory, beside the words. */
const MESSAGE_BYTES = 400;
const ENTRY_BYTES = 120;

/** Lets the messages go that were taken in first, where there are too many or long ones. Only between batches: there is no way back. */
export function trimMessages({ messages }: ChatState): void {
  let bytes = bytesOf(messages);
  for (const [id, message] of messages) {
    if (messages.size <= MESSAGES_AT_HAND_MAX && bytes <= MESSAGES_AT_HAND_MAX_BYTES) return;
    messages.delete(id);
    bytes -= messageBytes(message);
  }
}

/** What a chat takes in memory. */
export const weigh = ({ messages, ids, members }: ChatState): number =>
  bytesOf(messages) + (ids.seqs.size + 2 * members.size + 10) * ENTRY_BYTES;

function bytesOf(messages: ChatState['messages']): number {
  let bytes = 0;
  for (const message of messages.values()) bytes += messageBytes(message);
  return bytes;
}

const messageBytes = (message: MessageState): number =>
  MESSAGE_BYTES + 2 * message.text.length + (message.reactors.size + message.mentions.length) * ENTRY_BYTES;
