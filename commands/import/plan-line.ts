import type { StoredChatFact } from '../../events/chat.ts';
import { plain } from '../../events/content.ts';
import type { UserId } from '../../events/ids.ts';
import type { ImportAct } from './port.ts';

/** One event that a line asks for. `part` tells the events of one line apart: with the line it makes the event's id. */
export interface PlannedFact {
  part: LinePart;
  actor: UserId;
  /** The nick behind the actor: whose user is made first where it is new. */
  author: string;
  fact: StoredChatFact;
}

export const LINE_PARTS = ['comes', 'says', 'goes'] as const;
export type LinePart = (typeof LINE_PARTS)[number];

export interface LineSource {
  /** Where the words came from: `{source, id, at}` of the message's origin. */
  origin: { source: string; id: string; at: string };
  messageId: string;
  /** The number of the next message. */
  number: number;
}

/** What a line asks for, given who is a member: nothing where all is so already. */
export function planLine(
  act: ImportAct,
  authorOf: (nick: string) => UserId,
  given: { members: ReadonlySet<UserId>; source: LineSource },
): PlannedFact[] {
  const come = (nick: string): PlannedFact[] => {
    const userId = authorOf(nick);
    if (given.members.has(userId)) return [];
    return [
      { part: 'comes', actor: userId, author: nick, fact: { type: 'MemberAdded', data: { userId, role: 'member' } } },
    ];
  };
  const go = (nick: string): PlannedFact[] => {
    const userId = authorOf(nick);
    if (!given.members.has(userId)) return [];
    return [{ part: 'goes', actor: userId, author: nick, fact: { type: 'MemberRemoved', data: { userId } } }];
  };
  switch (act.type) {
    case 'comes':
      return come(act.author);
    case 'goes':
      return go(act.author);
    case 'renames':
      return act.author === act.to ? come(act.to) : [...come(act.to), ...go(act.author)];
    case 'says':
      return [...come(act.author), say(act, authorOf(act.author), given.source)];
    default:
      return [];
  }
}

function say(act: { author: string; text: string }, actor: UserId, source: LineSource): PlannedFact {
  return {
    part: 'says',
    actor,
    author: act.author,
    fact: {
      type: 'MessageSent',
      data: {
        messageId: source.messageId,
        number: source.number,
        text: plain(act.text),
        origin: { ...source.origin, author: plain(act.author) },
      },
    },
  };
}
