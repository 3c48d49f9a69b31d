import type { ChatEvent } from '../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat, type MessageView } from '../../events/chat-view.ts';
import type { UserId } from '../../events/ids.ts';
import type { Diff, Message, VisibleEvent } from '../../queries/index.ts';
import { staysOf } from '../support/naive-members.ts';

/**
 * PROTOCOL §3 once more, the slow way: which events a viewer sees is decided event by event, then what they see is
 * folded. Written without the code under test.
 */
export interface Oracle {
  visibleFrom: number;
  sees(event: ChatEvent): boolean;
  /** What is visible of events 1..n, folded; title and members as they stood when the viewer last was there. */
  fold(n: number): ChatView;
  messages(n: number): Message[];
  reactions(n: number, messageId: string): { emoji: string; userId: UserId; seq: number; at: string }[];
  versions(
    messageId: string,
  ): { rev: number; seq: number; at: string; actor: UserId; text: string; withheld: 'deleted' | null }[];
  events(): VisibleEvent[];
  diff(from: number, to: number): Pick<Diff, 'added' | 'edited' | 'deleted' | 'reactions' | 'members' | 'title'>;
}

const foldSome = (chatId: string, events: readonly ChatEvent[]): ChatView => {
  const view = emptyChat(chatId);
  for (const event of events) {
    view.seq = event.seq - 1; // what is hidden in between leaves no trace
    applyEvent(view, event);
  }
  return view;
};

export function oracleFor(log: readonly ChatEvent[], viewer: UserId): Oracle {
  const started = log[0] as ChatEvent & { type: 'ChatStarted' };
  const chatId = started.chatId;
  const { historyVisibility, pastContent } = started.data;
  const stays = historyVisibility === 'all' ? [{ from: 1, to: null }] : staysOf(log, viewer);
  const present = (seq: number): boolean => stays.some(({ from, to }) => seq >= from && (to === null || seq <= to));
  const sees = (event: ChatEvent): boolean => {
    const about = 'messageSeq' in event.data ? event.data.messageSeq : null;
    if (about === null) return present(event.seq);
    return present(about) && (present(event.seq) || event.type === 'MessageDeleted');
  };
  const visible = log.filter(sees);
  const gone = new Set(log.flatMap((event) => (event.type === 'MessageDeleted' ? [event.data.messageId] : [])));
  const withholds = (messageId: string): boolean => pastContent === 'now' && gone.has(messageId);
  /** The last seq ≤ n at which the viewer was there. */
  const lastPresent = (n: number): number => {
    for (let seq = n; seq > 0; seq--) if (present(seq)) return seq;
    return n;
  };
  const folds = new Map<number, ChatView>();
  const fold = (n: number): ChatView => {
    const known = folds.get(n);
    if (known !== undefined) return known;
    const seen = foldSome(
      chatId,
      visible.filter(({ seq }) => seq <= n),
    );
    const frame = foldSome(
      chatId,
      log.filter(({ seq }) => seq <= lastPresent(n)),
    );
    const folded = { ...seen, seq: n, title: frame.title, members: frame.members };
    folds.set(n, folded);
    return folded;
  };
  const show = (message: MessageView): Message => {
    const { rev: _, ...rest } = message;
    const withheld = !message.deleted && withholds(message.messageId);
    return {
      ...rest,
      text: withheld ? '' : message.text,
      withheld: withheld ? 'deleted' : null,
      replyTo: message.replyTo && present(message.replyTo.seq) ? message.replyTo : null,
      mentions: [...message.mentions],
      files: message.files.map((file) => (withheld ? { ...file, name: '' } : file)),
      reactions: message.reactions.map(({ emoji, userIds }) => ({
        emoji,
        count: userIds.length,
        mine: userIds.includes(viewer),
        userIds: userIds.slice(0, 20),
      })),
    };
  };
  const bySeq = (a: { seq: number }, b: { seq: number }): number => a.seq - b.seq;
  const messages = (n: number): Message[] => [...fold(n).messages.values()].toSorted(bySeq).map(show);

  return {
    visibleFrom: stays[0]?.from ?? Number.POSITIVE_INFINITY,
    sees,
    fold,
    messages,
    reactions: (n, messageId) =>
      standing(
        visible.filter(({ seq }) => seq <= n),
        messageId,
      ),
    versions: (messageId) =>
      visible.flatMap((event) => {
        if ((event.type !== 'MessageSent' && event.type !== 'MessageEdited') || event.data.messageId !== messageId)
          return [];
        const withheld = withholds(messageId);
        const rev = event.type === 'MessageSent' ? 1 : event.data.rev;
        const { seq, at, actor } = event;
        return [
          {
            rev,
            seq,
            at,
            actor,
            text: withheld ? '' : event.data.text,
            withheld: withheld ? ('deleted' as const) : null,
          },
        ];
      }),
    events: () => seenEvents(log, { from: stays[0]?.from ?? Number.POSITIVE_INFINITY, sees, present, withholds }),
    diff: (from, to) => diffOf(fold(from), fold(to), { show, withholds }),
  };
}

function standing(visible: readonly ChatEvent[], messageId: string): ReturnType<Oracle['reactions']> {
  const rows = new Map<string, { emoji: string; userId: UserId; seq: number; at: string }>();
  for (const event of visible) {
    if (!('messageId' in event.data) || event.data.messageId !== messageId) continue;
    if (event.type === 'MessageDeleted') rows.clear();
    if (event.type !== 'ReactionAdded' && event.type !== 'ReactionRemoved') continue;
    const key = `${event.data.emoji} ${event.actor}`;
    if (event.type === 'ReactionRemoved') rows.delete(key);
    else if (!rows.has(key))
      rows.set(key, { emoji: event.data.emoji, userId: event.actor, seq: event.seq, at: event.at });
  }
  return [...rows.values()];
}

interface Rule {
  from: number;
  sees(event: ChatEvent): boolean;
  present(seq: number): boolean;
  withholds(messageId: string): boolean;
}

function seenEvents(log: readonly ChatEvent[], rule: Rule): VisibleEvent[] {
  const out: VisibleEvent[] = [];
  let run: ChatEvent[] = [];
  const endRun = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first && last) {
      out.push({ chatId: first.chatId, seq: first.seq, throughSeq: last.seq, type: 'Hidden', position: last.position });
    }
    run = [];
  };
  for (const event of log) {
    if (event.seq < rule.from) continue;
    if (!rule.sees(event)) {
      run.push(event);
      continue;
    }
    endRun();
    out.push(seen(event, rule));
  }
  endRun();
  return out;
}

function seen(event: ChatEvent, rule: Rule): ChatEvent {
  const copy = structuredClone(event);
  if (copy.type === 'MessageSent') {
    if (copy.data.replyTo && !rule.present(copy.data.replyTo.seq)) copy.data.replyTo = null;
    if (rule.withholds(copy.data.messageId)) {
      copy.data.text = '';
      copy.data.withheld = 'deleted';
      for (const file of copy.data.files ?? []) file.name = '';
    }
  }
  if (copy.type === 'MessageEdited' && rule.withholds(copy.data.messageId)) {
    copy.data.text = '';
    copy.data.withheld = 'deleted';
  }
  return copy;
}

function diffOf(
  before: ChatView,
  after: ChatView,
  how: { show(message: MessageView): Message; withholds(messageId: string): boolean },
): ReturnType<Oracle['diff']> {
  const alive = (view: ChatView): MessageView[] =>
    [...view.messages.values()].filter(({ deleted }) => !deleted).toSorted((a, b) => a.seq - b.seq);
  const was = new Map(alive(before).map((message) => [message.messageId, message]));
  const is = new Map(alive(after).map((message) => [message.messageId, message]));
  const both = [...was.values()].flatMap((a) =>
    is.has(a.messageId) ? [[a, is.get(a.messageId) as MessageView] as const] : [],
  );
  const text = (message: MessageView): string => (how.withholds(message.messageId) ? '' : message.text);
  const [roles, rolesAfter] = [before.members, after.members];
  const userIds = (view: ReadonlyMap<string, unknown>): string[] => [...view.keys()].toSorted();
  return {
    added: [...is.values()].filter(({ messageId }) => !before.messages.has(messageId)).map(how.show),
    deleted: [...was.values()].filter(({ messageId }) => !is.has(messageId)).map(how.show),
    edited: both
      .filter(([a, b]) => a.text !== b.text)
      .map(([a, b]) => ({ messageId: a.messageId, before: text(a), after: text(b) })),
    reactions: both.flatMap(([a, b]) => reactionsDiff(a, b)),
    members: {
      added: userIds(rolesAfter).filter((id) => !roles.has(id)),
      removed: userIds(roles).filter((id) => !rolesAfter.has(id)),
      roles: userIds(rolesAfter).flatMap((userId) => {
        const [x, y] = [roles.get(userId)?.role, rolesAfter.get(userId)?.role];
        return x !== undefined && y !== undefined && x !== y ? [{ userId, before: x, after: y }] : [];
      }),
    },
    title: before.title === after.title ? null : { before: before.title, after: after.title },
  };
}

function reactionsDiff(a: MessageView, b: MessageView): Diff['reactions'] {
  const emojis = [...new Set([...a.reactions, ...b.reactions].map(({ emoji }) => emoji))].toSorted();
  const users = (message: MessageView, emoji: string): readonly string[] =>
    message.reactions.find((reaction) => reaction.emoji === emoji)?.userIds ?? [];
  return emojis.flatMap((emoji) => {
    const added = users(b, emoji).filter((id) => !users(a, emoji).includes(id));
    const removed = users(a, emoji).filter((id) => !users(b, emoji).includes(id));
    return added.length + removed.length === 0 ? [] : [{ messageId: a.messageId, emoji, added, removed }];
  });
}

/** A diff with its lists in one order, for comparison: the contract promises none inside `reactions`. */
export function ordered(diff: ReturnType<Oracle['diff']>): ReturnType<Oracle['diff']> {
  const { added, edited, deleted, members, title } = diff;
  const reactions = diff.reactions
    .map((each) => ({ ...each, added: each.added.toSorted(), removed: each.removed.toSorted() }))
    .toSorted((a, b) => (a.messageId + a.emoji < b.messageId + b.emoji ? -1 : 1));
  const sorted = {
    added: members.added.toSorted(),
    removed: members.removed.toSorted(),
    roles: members.roles.toSorted((a, b) => (a.userId < b.userId ? -1 : 1)),
  };
  return { added, edited, deleted, reactions, members: sorted, title };
}
