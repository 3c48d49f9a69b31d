import { expect, test } from 'vitest';
import { userId } from '../support/random-chat.ts';
import { ANN, BOB, scene } from './scene.ts';
import { valueOf } from './suite.ts';

const CROWD = Array.from({ length: 200 }, (_, i) => userId(100 + i));

test('of a message with many reactions the first 20 are named, all are counted, and one knows one’s own', async () => {
  const { queries, tell } = scene({ foldEvery: 64 });
  const chat = tell();
  const message = chat.say(ANN, 'hello');
  const late = [...CROWD.slice(0, 100), BOB, ...CROWD.slice(100)];
  for (const user of late) chat.react(user, message);
  chat.unreact(CROWD[0] ?? '', message);
  chat.react(ANN, message, '❤️');
  const now = async (viewer: string): Promise<unknown> =>
    valueOf(await queries.messages(viewer, chat.chatId, { limit: 1 })).messages[0]?.reactions;
  const named = CROWD.slice(1, 21);
  expect(await now(BOB)).toEqual([
    { emoji: '👍', count: 200, mine: true, userIds: named },
    { emoji: '❤️', count: 1, mine: false, userIds: [ANN] },
  ]);
  expect(await now(ANN)).toMatchObject([{ count: 200, mine: false }, { mine: true }]);
});

test('as of every n, counts and names are those of then, across folded states', async () => {
  const { queries, tell } = scene({ foldEvery: 64 });
  const chat = tell();
  const message = chat.say(ANN, 'hello');
  const standing: string[] = [];
  const expected = new Map<number, string[]>();
  for (const user of CROWD) {
    expected.set(chat.react(user, message).seq, [...standing, user]);
    standing.push(user);
    const [first] = standing;
    if (standing.length > 90 && first !== undefined) {
      standing.shift();
      expected.set(chat.unreact(first, message).seq, [...standing]);
    }
  }
  for (const [seq, users] of expected) {
    const page = valueOf(await queries.messages(ANN, chat.chatId, { limit: 1, asOf: { seq } }));
    expect(page.messages[0]?.reactions, `as of ${seq}`).toEqual([
      { emoji: '👍', count: users.length, mine: false, userIds: users.slice(0, 20) },
    ]);
  }
});

test('the list of reactions is paged, by emoji too', async () => {
  const { queries, tell } = scene({ foldEvery: 64 });
  const chat = tell();
  const message = chat.say(ANN, 'hello');
  for (const [i, user] of CROWD.entries()) chat.react(user, message, i % 3 === 0 ? '❤️' : '👍');
  const all = async (emoji?: string): Promise<string[]> => {
    const users: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: { reactions: { userId: string }[]; next: string | null } = valueOf(
        await queries.reactions(ANN, chat.chatId, message.data.messageId, {
          limit: 30,
          ...(emoji === undefined ? {} : { emoji }),
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      users.push(...page.reactions.map((reaction) => reaction.userId));
      cursor = page.next;
    }
    return users;
  };
  expect(await all()).toEqual(CROWD);
  expect(await all('❤️')).toEqual(CROWD.filter((_, i) => i % 3 === 0));
});
