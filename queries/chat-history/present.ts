import { accepted, type Outcome } from '../../events/error-codes.ts';
import { REACTION_USERS_SHOWN } from '../../events/limits.ts';
import { behind } from '../answers.ts';
import type { Message, Reaction } from '../api.ts';
import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { seesSeq } from '../visibility/index.ts';
import { type Folded, type Tally } from './fold.ts';
import { deletedNow, foldAll } from './load.ts';
import type { MessageFacts } from './view.ts';

/** Messages as the API shows them to a viewer, as of a seq. */
export async function present(
  deps: QueryDeps,
  viewer: Viewer,
  page: { facts: readonly MessageFacts[]; through: number },
): Promise<Outcome<Message[]>> {
  const folded = await foldAll(deps, viewer, page.facts, page.through);
  const withheld = await withheldAmong(deps, viewer, folded);
  if (withheld === null) return behind();
  const messages = folded.map(async (message) => {
    const mine = await myEmojis(deps, viewer, { message, through: page.through });
    return toMessage(viewer, message, { mine, withheld: withheld.has(message.view.seq) });
  });
  return accepted(await Promise.all(messages));
}

/** The messages whose words are withheld because they are deleted by now; null where that cannot be told. */
function withheldAmong(
  deps: QueryDeps,
  viewer: Viewer,
  folded: readonly Folded[],
): Promise<ReadonlySet<number> | null> {
  if (!viewer.sight.withholdDeleted) return Promise.resolve(new Set());
  const standing = folded.filter(({ view }) => !view.deleted).map(({ view }) => view.seq);
  return deletedNow(deps, viewer.chatId, standing);
}

/** The emojis that the viewer reacted with: asked for only where too many reacted to know them all by name. */
async function myEmojis(
  deps: QueryDeps,
  viewer: Viewer,
  of: { message: Folded; through: number },
): Promise<ReadonlySet<string>> {
  const { view, tallies } = of.message;
  const known = [...tallies].filter(([, tally]) => tally.users.has(viewer.userId)).map(([emoji]) => emoji);
  const unsure = [...tallies].some(([, tally]) => tally.others > 0 && !tally.users.has(viewer.userId));
  if (!unsure) return new Set(known);
  const asked = await deps.chatHistory.emojisOf(viewer.chatId, view.seq, viewer.userId, of.through);
  return new Set([...known, ...asked]);
}

function toMessage(viewer: Viewer, message: Folded, of: { mine: ReadonlySet<string>; withheld: boolean }): Message {
  const { view, tallies } = message;
  const { withheld } = of;
  const files = view.files.map((file) => (withheld ? { ...file, name: '' } : file));
  const origin = view.origin !== undefined && withheld ? { ...view.origin, author: '' } : view.origin;
  return {
    seq: view.seq,
    number: view.number,
    messageId: view.messageId,
    senderId: view.senderId,
    at: view.at,
    text: withheld ? '' : view.text,
    editedAt: view.editedAt,
    deleted: view.deleted,
    withheld: withheld ? 'deleted' : null,
    replyTo: view.replyTo !== null && seesSeq(viewer.sight, view.replyTo.seq) ? view.replyTo : null,
    mentions: [...view.mentions],
    files,
    reactions: [...tallies].map(([emoji, tally]) => toReaction(emoji, tally, of.mine.has(emoji))),
    ...(origin === undefined ? {} : { origin }),
  };
}

const toReaction = (emoji: string, tally: Tally, mine: boolean): Reaction => ({
  emoji,
  count: tally.users.size + tally.others,
  mine,
  userIds: firstOf(tally.users.keys()),
});

function firstOf(users: Iterable<string>): string[] {
  const first: string[] = [];
  for (const userId of users) {
    if (first.length === REACTION_USERS_SHOWN) break;
    first.push(userId);
  }
  return first;
}
