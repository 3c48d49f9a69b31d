/** What benches send: of the length that people write. */
export const MESSAGE_TEXT = 'A message of about seventy characters, as people write them in a chat.';
