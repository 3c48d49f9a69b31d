import type { ChatEvent } from '../../events/chat.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { recordedChat } from './array-log.ts';
import { type GrowingChat, startChat, testId, userId } from './random-chat.ts';
import { seeded } from './seeded.ts';

/** A chat with one message that has many changes, and another one behind it. */
export interface HotMessage {
  readonly chat: GrowingChat;
  readonly events: RecordedEvent[];
  readonly messageId: string;
  readonly messageSeq: number;
}

const EMOJIS = ['👍', '❤️', '😂'];

/** Mostly reactions by ever more users, some taken back, an edit now and then. */
export function hotMessage({ changes, seed }: { changes: number; seed: number }): HotMessage {
  const random = seeded(seed);
  const users = Array.from({ length: changes }, (_, n) => userId(n + 1));
  const [author = ''] = users;
  const chat = startChat({
    kind: 'group',
    historyVisibility: 'all',
    pastContent: 'then',
    n: 1,
    users,
    positions: { last: 0 },
    random,
  });
  const messageId = testId('M', 1);
  const sent = chat.add(author, { type: 'MessageSent', data: { messageId, number: 1, text: 'what do you think?' } });
  chat.add(author, { type: 'MessageSent', data: { messageId: testId('M', 2), number: 2, text: 'say so' } });
  for (let n = 0; n < changes; n++) {
    const view = chat.view.messages.get(messageId);
    const about = { messageId, messageSeq: sent.seq, rev: (view?.rev ?? 0) + 1 };
    const standing = view?.reactions.flatMap(({ emoji, userIds }) => userIds.map((by) => ({ emoji, by }))) ?? [];
    if (random.chance(0.02)) {
      chat.add(author, { type: 'MessageEdited', data: { ...about, text: `what now? ${n}` } });
    } else if (standing.length > 0 && random.chance(0.3)) {
      // Early ones more often: they are those that a fold names.
      const { emoji, by } = random.pick(random.chance(0.7) ? standing.slice(0, 40) : standing);
      chat.add(by, { type: 'ReactionRemoved', data: { ...about, emoji } });
    } else {
      const by = users[n] as string;
      chat.add(by, { type: 'ReactionAdded', data: { ...about, emoji: random.pick(EMOJIS) } });
    }
  }
  return { chat, events: chat.events.map((event: ChatEvent) => recordedChat(event)), messageId, messageSeq: sent.seq };
}
