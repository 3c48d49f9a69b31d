import { changeMessage, type MessageView, sentMessage } from '../../events/chat-view.ts';
import { REACTION_USERS_SHOWN } from '../../events/limits.ts';
import { lastSeqOf } from './cursor.ts';
import type { AsOf, ChatEvent, Lagging, Message, MessagePage, SeenEvent } from './model.ts';

/** The part of a chat that is on the screen: a page of messages and what happened since, folded by the shared reducer. */
export interface ChatPage {
  readonly chatId: string;
  readonly asOf: AsOf;
  readonly title: string | null;
  readonly memberCount: number;
  /** Oldest first, without gaps up to `asOf`. */
  readonly messages: readonly Message[];
  /** History lagged when the page was read: what changed after its first `asOf` came live, or is not here. */
  readonly lagging?: Lagging;
  /** There are older ones: the `before` of the page that holds them. */
  readonly before: number | null;
}

export const pageOf = ({ chatId, asOf, title, memberCount, lagging, messages, next }: MessagePage): ChatPage => ({
  chatId,
  asOf,
  title,
  memberCount,
  messages,
  before: next && 'before' in next ? next.before : null,
  ...(lagging && { lagging }),
});

/** The page with an older one before it. */
export function withOlder(page: ChatPage, older: ChatPage): ChatPage {
  const first = page.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
  return {
    ...page,
    before: older.before,
    messages: [...older.messages.filter(({ seq }) => seq < first), ...page.messages],
  };
}

/** The page after the next event of its chat; `me` is who looks. Returns a new page and leaves the old one as it was. */
export function applyToPage(page: ChatPage, event: SeenEvent, me: string): ChatPage {
  if (event.type === 'Hidden') return { ...page, asOf: { seq: lastSeqOf(event), at: page.asOf.at } };
  const next = { ...page, asOf: { seq: event.seq, at: event.at } };
  switch (event.type) {
    case 'ChatStarted':
      return { ...next, title: event.data.title ?? null, memberCount: event.data.members.length };
    case 'ChatRenamed':
      return { ...next, title: event.data.title };
    case 'MemberAdded':
      return { ...next, memberCount: page.memberCount + 1 };
    case 'MemberRemoved':
      return { ...next, memberCount: Math.max(0, page.memberCount - 1) };
    case 'MessageSent':
      return { ...next, messages: [...page.messages, fromView(sentMessage(event), [])] };
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved':
      return { ...next, messages: changeOne(page.messages, event, me) };
    default:
      return next; // an event of a type younger than this client changes nothing that it shows
  }
}

type Change = ChatEvent & { type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved' };

function changeOne(messages: readonly Message[], event: Change, me: string): readonly Message[] {
  // Changes are mostly of recent messages.
  const index = messages.findLastIndex(({ messageId }) => messageId === event.data.messageId);
  const message = messages[index];
  return message ? messages.with(index, applyToMessage(message, event, me)) : messages;
}

/** The message after one change of it. */
export function applyToMessage(message: Message, event: Change, me: string): Message {
  const changed = changeMessage(toView(message), event);
  if (event.type === 'MessageEdited' || event.type === 'MessageDeleted') {
    return fromView(changed, changed.reactions.length === 0 ? [] : message.reactions);
  }
  return { ...message, reactions: countReactions(message, event, me) };
}

/**
 * An answer names the first reactors only, so counts go by the events. Each is a real change, but for who was away while
 * the one between two happened: a reaction of somebody named counts once, one of nobody is not taken back.
 */
function countReactions(
  message: Message,
  event: ChatEvent & { type: 'ReactionAdded' | 'ReactionRemoved' },
  me: string,
): Message['reactions'] {
  const { emoji } = event.data;
  const added = event.type === 'ReactionAdded';
  const known = message.reactions.find((reaction) => reaction.emoji === emoji);
  if (!known)
    return added
      ? [...message.reactions, { emoji, count: 1, mine: event.actor === me, userIds: [event.actor] }]
      : message.reactions;
  const named = known.userIds.includes(event.actor);
  if (added ? named : !named && known.userIds.length === known.count) return message.reactions;
  const others = known.userIds.filter((userId) => userId !== event.actor);
  const count = known.count + (added ? 1 : -1);
  if (count <= 0) return message.reactions.filter((reaction) => reaction !== known);
  const mine = event.actor === me ? added : known.mine;
  const userIds = added && known.count < REACTION_USERS_SHOWN ? [...others, event.actor] : others;
  return message.reactions.map((reaction) => (reaction === known ? { emoji, count, mine, userIds } : reaction));
}

const toView = (message: Message): MessageView => ({ ...message, rev: 0 });

function fromView(view: MessageView, reactions: Message['reactions']): Message {
  const { rev: _, ...message } = view;
  return { ...message, mentions: [...view.mentions], files: [...view.files], reactions };
}
