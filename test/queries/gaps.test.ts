import { expect, test } from 'vitest';
import { isHidden } from '../../queries/index.ts';
import { ANN, BOB, CID, type Scene, scene, type Told } from './scene.ts';
import { codeOf, valueOf } from './suite.ts';

/** Cid was there, was away while much happened to what they had seen, and is back. */
function awayAndBack(
  views: Scene,
  pastContent: 'then' | 'now' = 'then',
): { chat: Told; ids: Record<string, string>; left: number; back: number } {
  const chat = views.tell({ historyVisibility: 'since-join', pastContent });
  chat.say(ANN, 'before Cid');
  chat.join(CID);
  const edited = chat.say(ANN, 'first text');
  const deleted = chat.say(ANN, 'soon gone');
  chat.react(BOB, edited);
  chat.react(ANN, edited);
  const left = chat.leave(CID).seq;
  chat.edit(edited, 'text of the gap');
  chat.unreact(BOB, edited);
  const inGap = chat.say(BOB, 'never seen');
  chat.rename('renamed in the gap');
  chat.remove(deleted);
  chat.say(BOB, 'nor this');
  const back = chat.join(CID).seq;
  chat.react(BOB, edited);
  chat.react(BOB, inGap);
  const ids = { edited: edited.data.messageId, deleted: deleted.data.messageId, inGap: inGap.data.messageId };
  return { chat, ids, left, back };
}

test('messages stand as they were left; only what was taken back is gone', async () => {
  const stage = scene();
  const { chat, ids, left } = awayAndBack(stage);
  const page = valueOf(await stage.queries.messages(CID, chat.chatId, { limit: 10 }));
  expect(page.messages.map(({ text, deleted, editedAt }) => [text, deleted, editedAt])).toEqual([
    ['first text', false, null],
    ['', true, null],
  ]);
  expect(page.messages[0]?.reactions).toEqual([{ emoji: '👍', count: 2, mine: false, userIds: [BOB, ANN] }]);
  expect(page).toMatchObject({ title: 'renamed in the gap', memberCount: 3, next: null });
  const reactions = valueOf(await stage.queries.reactions(CID, chat.chatId, ids['edited'] ?? '', { limit: 10 }));
  expect(reactions.reactions.map(({ userId, seq }) => [userId, seq])).toEqual([
    [BOB, 6],
    [ANN, 7],
  ]);
  const versions = valueOf(await stage.queries.versions(CID, chat.chatId, ids['edited'] ?? ''));
  expect(versions.versions.map(({ text }) => text)).toEqual(['first text']);
  expect(codeOf(await stage.queries.versions(CID, chat.chatId, ids['inGap'] ?? ''))).toBe('message-not-found');
  const inGap = valueOf(await stage.queries.messages(CID, chat.chatId, { limit: 10, asOf: { seq: left + 3 } }));
  expect(inGap).toMatchObject({ asOf: { seq: left + 3 }, title: 'first title', memberCount: 2 });
});

test('a diff over a gap tells what one sees on coming back: title and members, but not what was said', async () => {
  const stage = scene();
  const { chat, ids, left } = awayAndBack(stage);
  const end = chat.events.length;
  const diff = valueOf(await stage.queries.diff(CID, chat.chatId, { seq: left }, { seq: end }));
  expect(diff).toMatchObject({
    added: [],
    edited: [],
    reactions: [],
    members: { added: [CID], removed: [], roles: [] },
    title: { before: 'first title', after: 'renamed in the gap' },
  });
  expect(diff.deleted.map(({ messageId, text }) => [messageId, text])).toEqual([[ids['deleted'], 'soon gone']]);
});

test('a gap of many thousand events comes in a few pieces that leave nothing out', async () => {
  const stage = scene();
  const chat = stage.tell({ historyVisibility: 'since-join' });
  chat.join(CID);
  const left = chat.leave(CID).seq;
  for (let i = 0; i < 12_000; i++) chat.say(ANN, 'x');
  const back = chat.join(CID).seq;
  stage.views.calls();
  let last = left;
  let pages = 0;
  for (let after: number | null = left; after !== null; pages++) {
    const page: Awaited<ReturnType<typeof stage.queries.events>> = await stage.queries.events(CID, chat.chatId, {
      after,
      limit: 1,
    });
    const { events, next } = valueOf(page);
    for (const event of events) {
      expect(event.seq).toBe(last + 1);
      last = isHidden(event) ? event.throughSeq : event.seq;
    }
    after = next;
  }
  expect(last).toBe(back);
  expect(pages).toBeLessThanOrEqual(4);
  expect(stage.views.calls()).toBeLessThan(60);
});

test('a gap arrives as one hidden run around the deletion that is visible, whatever the size of the page', async () => {
  const stage = scene();
  const { chat, left, back } = awayAndBack(stage);
  for (const limit of [1, 2, 100]) {
    const shape: [string, number, number][] = [];
    for (let after: number | null = left; after !== null; ) {
      const page: Awaited<ReturnType<typeof stage.queries.events>> = await stage.queries.events(CID, chat.chatId, {
        after,
        limit,
      });
      const { events, next } = valueOf(page);
      shape.push(...events.map((e): [string, number, number] => [e.type, e.seq, isHidden(e) ? e.throughSeq : e.seq]));
      after = next;
    }
    expect(shape, `limit ${limit}`).toEqual([
      ['Hidden', left + 1, left + 4],
      ['MessageDeleted', left + 5, left + 5],
      ['Hidden', left + 6, back - 1],
      ['MemberAdded', back, back],
      ['ReactionAdded', back + 1, back + 1],
      ['Hidden', back + 2, back + 2],
    ]);
  }
});

test('events before the coming are not delivered, and a page may be asked for from anywhere', async () => {
  const stage = scene();
  const { chat } = awayAndBack(stage);
  const { events } = valueOf(await stage.queries.events(CID, chat.chatId, { after: 0, limit: 2 }));
  expect(events.map(({ type, seq }) => [type, seq])).toEqual([
    ['MemberAdded', 3],
    ['MessageSent', 4],
  ]);
  const beyond = valueOf(await stage.queries.events(CID, chat.chatId, { after: 1_000, limit: 2 }));
  expect(beyond).toMatchObject({ events: [], next: null, asOf: { seq: chat.events.length } });
  const part = valueOf(await stage.queries.events(CID, chat.chatId, { after: 0, limit: 100, through: 4 }));
  expect(part).toMatchObject({ next: null, asOf: { seq: 4, at: chat.events[3]?.at } });
  expect(part.events).toHaveLength(2);
});

test('words of what is deleted now are withheld everywhere, though a view lags', async () => {
  const stage = scene();
  const chat = stage.tell({ pastContent: 'now' });
  const message = chat.say(ANN, 'first');
  chat.edit(message, 'second');
  const before = chat.events.length;
  chat.say(BOB, 'stays');
  const lagsAt = Number.parseInt(chat.events[before]?.position.split('-')[1] ?? '', 36);
  chat.remove(message);
  for (const lag of [false, true]) {
    stage.views.hold(lag ? lagsAt : null);
    const { chatId } = chat;
    const past = valueOf(await stage.queries.messages(BOB, chatId, { limit: 10, asOf: { seq: before } }));
    expect(past.messages[0]).toMatchObject({ text: '', withheld: 'deleted', deleted: false });
    const versions = valueOf(await stage.queries.versions(BOB, chatId, message.data.messageId)).versions;
    expect(versions.map(({ text, withheld }) => [text, withheld])).toEqual([
      ['', 'deleted'],
      ['', 'deleted'],
    ]);
    const diff = valueOf(await stage.queries.diff(BOB, chatId, { seq: before - 1 }, { seq: before }));
    expect(diff.edited).toEqual([{ messageId: message.data.messageId, before: '', after: '' }]);
    const { events } = valueOf(await stage.queries.events(BOB, chatId, { after: 1, limit: 10 }));
    expect(events.map(({ type, ...e }) => ('data' in e && 'text' in e.data ? e.data.text : type))).toEqual([
      '',
      '',
      'stays',
      'MessageDeleted',
    ]);
    expect(JSON.stringify([past, versions, diff, events])).not.toMatch(/first"|second/);
  }
  stage.views.hold(null);
  expect(valueOf(await stage.queries.messages(BOB, chat.chatId, { limit: 10 })).messages[0]).toMatchObject({
    text: '',
    withheld: null,
    deleted: true,
  });
});

test('where the past is shown as it stood, deleted words stand in it', async () => {
  const stage = scene();
  const chat = stage.tell();
  const message = chat.say(ANN, 'first');
  chat.remove(message);
  const past = valueOf(await stage.queries.messages(BOB, chat.chatId, { limit: 10, asOf: { seq: message.seq } }));
  expect(past.messages[0]).toMatchObject({ text: 'first', withheld: null, deleted: false });
  const diff = valueOf(await stage.queries.diff(BOB, chat.chatId, { seq: message.seq }, { seq: message.seq + 1 }));
  expect(diff.deleted.map(({ text }) => text)).toEqual(['first']);
});
