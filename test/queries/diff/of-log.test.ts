import { describe, expect, it } from 'vitest';
import { diffOfLog, type LogDiff } from '../../../queries/diff/of-log.ts';
import { createQueries, type Queries } from '../../../queries/index.ts';
import { arrayLog, recordedChat } from '../../support/array-log.ts';
import { createNaiveViews } from '../../support/naive-views.ts';
import { startChat, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';
import { valueOf } from '../suite.ts';

const SEED = 41;
const EVENTS = 400;
const RANGES = 60;
const USERS = [1, 2, 3, 4, 5].map(userId);

type Shown = Pick<LogDiff, 'from' | 'to' | 'edited' | 'title'> & {
  added: unknown[];
  deleted: unknown[];
  reactions: string[];
  members: unknown;
};
type Served = Extract<Awaited<ReturnType<Queries['diff']>>, { ok: true }>['value'];

const wordsOf = (messages: LogDiff['added'] | Served['added']): unknown[] =>
  messages.map(({ seq, messageId, senderId, text, editedAt, mentions, files }) => [
    seq,
    messageId,
    senderId,
    text,
    editedAt,
    mentions,
    files,
  ]);

/** What both say, less the order in which they say it. */
const shown = (diff: LogDiff | Served): Shown => ({
  from: diff.from,
  to: diff.to,
  title: diff.title,
  edited: diff.edited.toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1)),
  added: wordsOf(diff.added),
  deleted: wordsOf(diff.deleted),
  reactions: diff.reactions
    .map(({ messageId, emoji, added, removed }) =>
      [messageId, emoji, ...added.toSorted(), '-', ...removed.toSorted()].join(' '),
    )
    .toSorted(),
  members: {
    added: diff.members.added.toSorted(),
    removed: diff.members.removed.toSorted(),
    roles: diff.members.roles.toSorted((a, b) => (a.userId < b.userId ? -1 : 1)),
  },
});

describe(`a diff of the log (seed ${SEED})`, () => {
  it('says what the server says to a member who sees everything', async () => {
    const random = seeded(SEED);
    const kinds = { kind: 'group', historyVisibility: 'all', pastContent: 'then' } as const;
    const chat = startChat({ ...kinds, n: 1, users: USERS, positions: { last: 0 }, random });
    while (chat.events.length < EVENTS) chat.grow(random);
    const views = createNaiveViews();
    views.add(...chat.events);
    const queries = createQueries(views.deps);
    const log = arrayLog(chat.events.map(recordedChat));
    const [viewer = ''] = chat.view.members.keys();
    for (let i = 0; i < RANGES; i += 1) {
      const [from = 0, to = 0] = [random.below(EVENTS + 1), random.below(EVENTS + 1)].toSorted((a, b) => a - b);
      const served = valueOf(await queries.diff(viewer, chat.chatId, { seq: from }, { seq: to }));
      expect(shown(await diffOfLog(log, chat.chatId, { from, to })), `${from} to ${to}`).toEqual(shown(served));
    }
  });
});
