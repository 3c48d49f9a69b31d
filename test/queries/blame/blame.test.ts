import { describe, expect, it } from 'vitest';
import { type Blamed, blame } from '../../../queries/blame/index.ts';
import { arrayLog, recordedChat } from '../../support/array-log.ts';
import { type GrowingChat, KINDS, startChat, testId, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';

const SEED = 43;
const [ANN, BOB] = [userId(1), userId(2)];
const MESSAGE = testId('M', 900_001);

function chatWith(tell: (chat: GrowingChat) => void): GrowingChat {
  const kinds = KINDS[2] as (typeof KINDS)[number];
  const chat = startChat({ ...kinds, n: 1, users: [ANN, BOB], positions: { last: 0 }, random: seeded(SEED) });
  tell(chat);
  return chat;
}

async function blamed(chat: GrowingChat, messageId: string): Promise<Blamed[]> {
  const all: Blamed[] = [];
  for await (const change of blame(arrayLog(chat.events.map(recordedChat)), chat.chatId, messageId)) all.push(change);
  return all;
}

describe(`blame (seed ${SEED})`, () => {
  it('says who did what to a message, and what it said before', async () => {
    const about = (rev: number) => ({ messageId: MESSAGE, messageSeq: 2, rev });
    const chat = chatWith(({ add }) => {
      add(ANN, { type: 'MessageSent', data: { messageId: MESSAGE, number: 1, text: 'one' } });
      add(BOB, { type: 'ReactionAdded', data: { ...about(2), emoji: '👍' } });
      add(ANN, { type: 'ReactionAdded', data: { ...about(3), emoji: '👍' } });
      add(ANN, { type: 'MessageSent', data: { messageId: testId('M', 900_002), number: 2, text: 'another' } });
      add(ANN, { type: 'MessageEdited', data: { ...about(4), text: 'two' } });
      add(BOB, { type: 'ReactionRemoved', data: { ...about(5), emoji: '👍' } });
      add(BOB, { type: 'MessageDeleted', data: about(6) });
    });
    const changes = await blamed(chat, MESSAGE);
    const told = changes.map(({ rev, seq, actor, type, textBefore, text, emoji, reactionsBefore, reactions }) => [
      [rev, seq, actor, type],
      [textBefore, text],
      [emoji, reactionsBefore, reactions],
    ]);
    expect(told).toEqual([
      [
        [1, 2, ANN, 'MessageSent'],
        [null, 'one'],
        [null, 0, 0],
      ],
      [
        [2, 3, BOB, 'ReactionAdded'],
        [null, null],
        ['👍', 0, 1],
      ],
      [
        [3, 4, ANN, 'ReactionAdded'],
        [null, null],
        ['👍', 1, 2],
      ],
      [
        [4, 6, ANN, 'MessageEdited'],
        ['one', 'two'],
        [null, 2, 2],
      ],
      [
        [5, 7, BOB, 'ReactionRemoved'],
        [null, null],
        ['👍', 2, 1],
      ],
      [
        [6, 8, BOB, 'MessageDeleted'],
        ['two', ''],
        [null, 1, 0],
      ],
    ]);
    expect(changes.map(({ at }) => at)).toEqual(changes.map(({ seq }) => chat.events[seq - 1]?.at));
  });

  it('has a line for every revision of every message of a random chat', async () => {
    const random = seeded(SEED);
    const chat = chatWith(({ events, grow }) => {
      while (events.length < 300) grow(random);
    });
    for (const { messageId, rev, text } of chat.view.messages.values()) {
      const changes = await blamed(chat, messageId);
      expect(changes.map((change) => change.rev)).toEqual(Array.from({ length: rev }, (_, i) => i + 1));
      expect(changes.findLast((change) => change.text !== null)?.text).toBe(text);
      const texts = changes.filter((change) => change.text !== null);
      expect(texts.map(({ textBefore }) => textBefore)).toEqual([null, ...texts.slice(0, -1).map((each) => each.text)]);
    }
    expect(await blamed(chat, testId('M', 999_999))).toEqual([]);
  });
});
