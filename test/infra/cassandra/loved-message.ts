import type { ChatEvent } from '../../../events/chat.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { encodePosition } from '../../../events/position.ts';
import { recordedChat } from '../../support/array-log.ts';
import { EPOCH, KINDS, startChat, testId, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';

const USERS = 200;
const EMOJI = '👍';

/**
 * A chat of three messages, the second of which is reacted to so often before the third comes: by everybody, who then
 * take it back in turn, and do it again.
 */
export function lovedMessage(changes: number): {
  chatId: string;
  events: RecordedEvent[];
  messageId: string;
  /** Of the three messages. */
  seqs: number[];
} {
  const users = Array.from({ length: USERS }, (_, n) => userId(n + 1));
  const [author = ''] = users;
  const [, , kinds = KINDS[0]] = KINDS;
  if (!kinds) throw new Error('there are kinds of chats');
  const chat = startChat({ ...kinds, n: 9, users, positions: { last: 0 }, random: seeded(1) });
  const send = (n: number) =>
    chat.add(author, { type: 'MessageSent', data: { messageId: testId('M', n), number: n, text: `m${n}` } });
  const first = send(1);
  const loved = send(2);
  const messageId = testId('M', 2);
  const events: ChatEvent[] = [...chat.events];
  // Written down rather than grown: the reducer is asked for nothing here, and would take minutes.
  const write = (fact: Pick<ChatEvent, 'type' | 'data' | 'actor'>) => {
    const seq = events.length + 1;
    const position = encodePosition(EPOCH, 1_000 + seq);
    events.push({ ...loved, ...fact, seq, position, commandId: testId('E', 10_000 + seq) } as ChatEvent);
  };
  for (let n = 0; n < changes; n++) {
    const type = Math.floor(n / USERS) % 2 === 0 ? 'ReactionAdded' : 'ReactionRemoved';
    const data = { messageId, messageSeq: loved.seq, rev: n + 2, emoji: EMOJI };
    write({ type, data, actor: users[n % USERS] ?? '' });
  }
  write({ type: 'MessageSent', data: { messageId: testId('M', 3), number: 3, text: 'm3' }, actor: author });
  return {
    chatId: chat.chatId,
    events: events.map(recordedChat),
    messageId,
    seqs: [first.seq, loved.seq, events.length],
  };
}
