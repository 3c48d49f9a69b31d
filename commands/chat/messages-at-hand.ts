import type { ChatState, MessageState } from './state.ts';

const MESSAGES_AT_HAND_MAX = 512;
const MESSAGES_AT_HAND_MAX_BYTES = 1_048_576;
/** Rough costs in memory, beside the words. */
const MESSAGE_BYTES = 400;
const ENTRY_BYTES = 120;

/** Lets the messages go that were taken in first. Only between batches: there is no way back. */
export function trimMessages(state: ChatState): void {
  const { messages } = state;
  for (const id of messages.keys()) {
    if (messages.size <= MESSAGES_AT_HAND_MAX) return;
    messages.delete(id);
  }
}

/** Measures what a chat takes in memory, after letting go of messages that together take too much. */
export function weigh(state: ChatState): number {
  let bytes = 0;
  for (const message of state.messages.values()) bytes += messageBytes(message);
  for (const [id, message] of state.messages) {
    if (bytes <= MESSAGES_AT_HAND_MAX_BYTES) break;
    state.messages.delete(id);
    bytes -= messageBytes(message);
  }
  return bytes + (state.ids.seqs.size + 2 * state.members.size + 10) * ENTRY_BYTES;
}

const messageBytes = (message: MessageState): number =>
  MESSAGE_BYTES + 2 * message.text.length + (message.reactors.size + message.mentions.length) * ENTRY_BYTES;
