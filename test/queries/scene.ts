import type { ChatEvent } from '../../events/chat.ts';
import type { MessageView } from '../../events/chat-view.ts';
import type { Queries } from '../../queries/index.ts';
import { createQueries } from '../../queries/index.ts';
import { createNaiveViews, type NaiveOptions, type NaiveViews } from '../support/naive-views.ts';
import { type ChatKinds, type GrowingChat, type Positions, startChat, testId, userId } from '../support/random-chat.ts';
import { seeded } from '../support/seeded.ts';

export const [ANN, BOB, CID, DEE] = [1, 2, 3, 4].map(userId) as [string, string, string, string];

/** A chat told by hand; every event lands in the log at once. Ann begins it, Bob is in it. */
export interface Told {
  readonly chatId: string;
  readonly events: readonly ChatEvent[];
  say(actor: string, text: string): ChatEvent & { type: 'MessageSent' };
  edit(message: ChatEvent, text: string): ChatEvent;
  remove(message: ChatEvent): ChatEvent;
  react(actor: string, message: ChatEvent, emoji?: string): ChatEvent;
  unreact(actor: string, message: ChatEvent, emoji?: string): ChatEvent;
  join(userId: string): ChatEvent;
  leave(userId: string): ChatEvent;
  rename(title: string): ChatEvent;
}

export interface Scene {
  views: NaiveViews;
  queries: Queries;
  tell(kinds?: Partial<ChatKinds>): Told;
}

export function scene(options: NaiveOptions = {}): Scene {
  const views = createNaiveViews(options);
  const positions: Positions = { last: 0 };
  let chats = 0;
  return {
    views,
    queries: createQueries(views.deps),
    tell: (kinds = {}) => tell(views, positions, { n: ++chats, kinds }),
  };
}

function tell(views: NaiveViews, positions: Positions, of: { n: number; kinds: Partial<ChatKinds> }): Told {
  const random = seeded(of.n);
  const kinds = { kind: 'group', historyVisibility: 'all', pastContent: 'then', ...of.kinds } as const;
  const chat = startChat({ ...kinds, n: of.n, users: [ANN, BOB], positions, random });
  views.add(...chat.events);
  const add: GrowingChat['add'] = (actor, fact) => {
    const event = chat.add(actor, fact);
    views.add(event);
    return event;
  };
  const message = (event: ChatEvent): MessageView =>
    chat.view.messages.get('messageId' in event.data ? event.data.messageId : '') as MessageView;
  const about = (event: ChatEvent): { messageId: string; messageSeq: number; rev: number } => {
    const { messageId, seq, rev } = message(event);
    return { messageId, messageSeq: seq, rev: rev + 1 };
  };
  return {
    chatId: chat.chatId,
    events: chat.events,
    say: (actor, text) => {
      const number = chat.view.messages.size + 1;
      const messageId = testId('M', of.n * 100_000 + number);
      return add(actor, { type: 'MessageSent', data: { messageId, number, text } }) as ChatEvent & {
        type: 'MessageSent';
      };
    },
    edit: (event, text) => add(event.actor, { type: 'MessageEdited', data: { ...about(event), text } }),
    remove: (event) => add(event.actor, { type: 'MessageDeleted', data: about(event) }),
    react: (actor, event, emoji = '👍') => add(actor, { type: 'ReactionAdded', data: { ...about(event), emoji } }),
    unreact: (actor, event, emoji = '👍') => add(actor, { type: 'ReactionRemoved', data: { ...about(event), emoji } }),
    join: (who) => add(ANN, { type: 'MemberAdded', data: { userId: who, role: 'member' } }),
    leave: (who) => add(who, { type: 'MemberRemoved', data: { userId: who } }),
    rename: (title) => add(ANN, { type: 'ChatRenamed', data: { title } }),
  };
}
