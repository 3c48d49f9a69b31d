import { Command } from 'commander';
import type { ChatView, MessageView } from '../../events/chat-view.ts';
import { chatAt, parsePoint, requireChatId } from './chat-at.ts';
import { print, WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

export const diffVerb = (context: VerbContext): Command =>
  new Command('diff')
    .description('What changed in a chat between two points: the net change.')
    .argument('<chat>', 'chat id')
    .argument('<t1>', 'a seq, or a UTC time with Z')
    .argument('<t2>', 'the same, or `now`')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight diff 00000000006Z… 2004-12-25T09:15Z now')
    .action(async (chat: string, t1: string, t2: string, options: { json?: boolean }) => {
      const chatId = requireChatId(chat);
      const [from, to] = [parsePoint(t1), parsePoint(t2)];
      const [before, after] = await withReadOnlyLog(
        context,
        async (store) =>
          [await chatAt(store, chatId, { point: from }), await chatAt(store, chatId, { point: to })] as const,
      );
      if (before.seq > after.seq) throw new WrongUsage(`${t1} lies after ${t2}`);
      const change = netChange(before, after);
      print(context.io, options, { json: change, text: describe(change) });
    });

interface NetChange {
  chatId: string;
  from: { seq: number; at: string | null };
  to: { seq: number; at: string | null };
  added: MessageView[];
  edited: { messageId: string; before: string; after: string }[];
  deleted: MessageView[];
  reactions: { messageId: string; emoji: string; added: string[]; removed: string[] }[];
  members: { added: string[]; removed: string[]; roles: { userId: string; before: string; after: string }[] };
  title: { before: string | null; after: string | null } | null;
}

function netChange(before: ChatView, after: ChatView): NetChange {
  const messages = [...after.messages.values()];
  const both = messages.flatMap((now) => {
    const was = before.messages.get(now.messageId);
    return was ? [{ was, now }] : [];
  });
  return {
    chatId: after.chatId,
    from: { seq: before.seq, at: before.at },
    to: { seq: after.seq, at: after.at },
    added: messages.filter((now) => !before.messages.has(now.messageId) && !now.deleted),
    edited: both
      .filter(({ was, now }) => !now.deleted && was.text !== now.text)
      .map(({ was, now }) => ({ messageId: now.messageId, before: was.text, after: now.text })),
    deleted: both.filter(({ was, now }) => now.deleted && !was.deleted).map(({ was }) => was),
    reactions: both.filter(({ now }) => !now.deleted).flatMap(({ was, now }) => reactionChanges(was, now)),
    members: memberChanges(before, after),
    title: before.title === after.title ? null : { before: before.title, after: after.title },
  };
}

function reactionChanges(then: MessageView, now: MessageView): NetChange['reactions'] {
  const emojis = [...new Set([...then.reactions, ...now.reactions].map(({ emoji }) => emoji))];
  const users = (message: MessageView, emoji: string): readonly string[] =>
    message.reactions.find((r) => r.emoji === emoji)?.userIds ?? [];
  return emojis
    .map((emoji) => ({
      messageId: now.messageId,
      emoji,
      added: users(now, emoji).filter((userId) => !users(then, emoji).includes(userId)),
      removed: users(then, emoji).filter((userId) => !users(now, emoji).includes(userId)),
    }))
    .filter(({ added, removed }) => added.length + removed.length > 0);
}

function memberChanges(before: ChatView, after: ChatView): NetChange['members'] {
  const now = [...after.members.values()];
  return {
    added: now.filter(({ userId }) => !before.members.has(userId)).map(({ userId }) => userId),
    removed: [...before.members.keys()].filter((userId) => !after.members.has(userId)),
    roles: now.flatMap(({ userId, role }) => {
      const then = before.members.get(userId);
      return then && then.role !== role ? [{ userId, before: then.role, after: role }] : [];
    }),
  };
}

function describe(change: NetChange): string {
  return [
    `${change.chatId}: seq ${change.from.seq} (${change.from.at ?? 'before the first event'}) to ${change.to.seq} (${change.to.at ?? 'before the first event'})`,
    ...(change.title ? [`title: ${change.title.before ?? '(none)'} → ${change.title.after ?? '(none)'}`] : []),
    ...change.members.added.map((userId) => `+ member ${userId}`),
    ...change.members.removed.map((userId) => `- member ${userId}`),
    ...change.members.roles.map(({ userId, before, after }) => `~ member ${userId}: ${before} → ${after}`),
    ...change.added.map(({ seq, senderId, text }) => `+ ${seq} ${senderId}: ${text}`),
    ...change.edited.map(({ messageId, before, after }) => `~ ${messageId}: ${before} → ${after}`),
    ...change.deleted.map(({ seq, senderId, text }) => `- ${seq} ${senderId}: ${text}`),
    ...change.reactions.map(
      ({ messageId, emoji, added, removed }) => `~ ${messageId} ${emoji}: +${added.length} -${removed.length}`,
    ),
  ].join('\n');
}
