import { describe, expect, it } from 'vitest';
import { signedIn } from './client.ts';
import { CHAT, ME, OTHER } from './fake-server.ts';

async function opened() {
  const test = await signedIn();
  const chat = test.client.open(CHAT);
  await chat.load();
  return { ...test, chat };
}

describe('an open chat', () => {
  it('goes on from its page: sends, edits, deletes, reactions, titles, members', async () => {
    const { server, clock, chat } = await opened();
    server.say('one');
    server.say('two');
    server.append(CHAT, 'MessageEdited', { messageId: 'one', messageSeq: 2, rev: 2, text: 'ONE' });
    server.append(CHAT, 'ReactionAdded', { messageId: 'one', messageSeq: 2, rev: 3, emoji: '👍' });
    server.append(CHAT, 'ReactionAdded', { messageId: 'one', messageSeq: 2, rev: 4, emoji: '👍' }, { actor: ME });
    server.append(CHAT, 'MessageDeleted', { messageId: 'two', messageSeq: 3, rev: 2 });
    server.append(CHAT, 'ChatRenamed', { title: 'quay' });
    server.append(CHAT, 'MemberAdded', { userId: '01JTHIRD000000000000000000', role: 'member' });
    await clock.pass(0);
    expect(chat.page).toMatchObject({
      asOf: { seq: 9 },
      title: 'quay',
      memberCount: 3,
      messages: [
        { messageId: 'one', text: 'ONE', reactions: [{ emoji: '👍', count: 2, mine: true, userIds: [OTHER, ME] }] },
        { messageId: 'two', text: '', deleted: true },
      ],
    });
    expect(chat.page?.messages[0]?.editedAt).not.toBeNull();
  });

  it('counts reactions of more people than an answer names', async () => {
    const { server, clock, chat } = await opened();
    server.say('popular');
    for (let i = 0; i < 25; i++) {
      server.append(
        CHAT,
        'ReactionAdded',
        { messageId: 'popular', messageSeq: 2, rev: i + 2, emoji: '🎉' },
        { actor: `user ${i}` },
      );
    }
    server.append(
      CHAT,
      'ReactionRemoved',
      { messageId: 'popular', messageSeq: 2, rev: 27, emoji: '🎉' },
      { actor: 'user 24' },
    );
    server.append(
      CHAT,
      'ReactionRemoved',
      { messageId: 'popular', messageSeq: 2, rev: 28, emoji: '🎉' },
      { actor: 'user 0' },
    );
    await clock.pass(0);
    expect(chat.page?.messages[0]?.reactions).toMatchObject([{ count: 23, mine: false }]);
    expect(chat.page?.messages[0]?.reactions[0]?.userIds).toHaveLength(19);
  });

  it('counts nobody twice, and takes back no reaction that it does not show', async () => {
    const { server, clock, chat } = await opened();
    server.say('seen');
    const change = { messageId: 'seen', messageSeq: 2, emoji: '🎉' };
    // As for somebody who was away while what lies between these happened.
    server.append(CHAT, 'ReactionAdded', { ...change, rev: 2 }, { actor: 'one' });
    server.append(CHAT, 'ReactionAdded', { ...change, rev: 4 }, { actor: 'one' });
    server.append(CHAT, 'ReactionRemoved', { ...change, rev: 6 }, { actor: 'other' });
    await clock.pass(0);
    expect(chat.page?.messages[0]?.reactions).toEqual([{ emoji: '🎉', count: 1, mine: false, userIds: ['one'] }]);
  });

  it('shows a message of one’s own at once, and only once', async () => {
    const { server, clock, client, chat } = await opened();
    const held: (() => void)[] = [];
    server.intercept = (wire, frame) => frame.op === 'send' && held.push(() => server.answerSend(wire, frame)) > 0;
    client.queue.send(CHAT, { text: 'mine' });
    await clock.pass(0);
    expect(chat.pending).toMatchObject([{ message: { text: 'mine' }, error: null }]);
    for (const answer of held) answer();
    await clock.pass(0);
    expect(chat.pending).toEqual([]);
    expect(chat.page?.messages.map(({ text }) => text)).toEqual(['mine']);
  });

  it('shows a message of one’s own without a break, where the answer comes before the push', async () => {
    const { server, clock, client, chat } = await opened();
    server.intercept = (wire, frame) => {
      if (frame.op !== 'send') return false;
      const { seq, at, position } = server.say('mine', {
        messageId: String(frame['messageId']),
        actor: ME,
        quiet: true,
      });
      wire.push({ id: frame.id, ok: true, chatId: CHAT, seq, at, position, changed: true });
      return true;
    };
    const { reply } = client.queue.send(CHAT, { text: 'mine' });
    await clock.pass(0);
    await expect(reply).resolves.toMatchObject({ seq: 2 });
    expect(chat.page?.messages).toEqual([]);
    expect(chat.pending).toMatchObject([{ message: { text: 'mine' }, error: null }]);
    for (const event of server.log(CHAT).slice(1)) server.pushEvent(server.wire, event);
    await clock.pass(0);
    expect(chat.pending).toEqual([]);
    expect(chat.page?.messages.map(({ text }) => text)).toEqual(['mine']);
    server.append(CHAT, 'MessageDeleted', { messageId: chat.page?.messages[0]?.messageId, messageSeq: 2, rev: 2 });
    await clock.pass(0);
    expect(chat.pending).toEqual([]);
  });

  it('takes in what happens while its page is on the way', async () => {
    const { server, clock, client } = await signedIn();
    const chat = client.open(CHAT);
    const loaded = chat.load();
    server.say('meanwhile');
    await loaded;
    server.say('after');
    await clock.pass(0);
    expect(chat.page?.messages.map(({ text }) => text)).toEqual(['meanwhile', 'after']);
  });

  it('is as fresh as what has been pushed before, though the view that answers lags behind', async () => {
    const { server, clock, client } = await signedIn();
    server.say('seen');
    await clock.pass(0);
    server.lag = 1;
    const chat = client.open(CHAT);
    await chat.load();
    expect(chat.page?.messages.map(({ text }) => text)).toEqual(['seen']);
  });

  it('pages back to the beginning without a hole or a repeat, also while the chat goes on', async () => {
    const { server, clock, client } = await signedIn();
    for (let i = 0; i < 120; i++) server.say(`m${i}`);
    const chat = client.open(CHAT);
    await chat.load();
    expect(chat.page?.messages).toHaveLength(50);
    const older = chat.older();
    server.append(CHAT, 'MessageEdited', { messageId: 'm40', messageSeq: 42, rev: 2, text: 'edited meanwhile' });
    await clock.pass(0);
    await expect(older).resolves.toBe(true);
    await expect(chat.older()).resolves.toBe(true);
    await expect(chat.older()).resolves.toBe(false);
    const ids = chat.page?.messages.map(({ messageId }) => messageId);
    expect(ids).toEqual(Array.from({ length: 120 }, (_, i) => `m${i}`));
    expect(chat.page?.messages[40]?.text).toBe('edited meanwhile');
  });

  it('says when it is gone', async () => {
    const { server, clock, chat } = await opened();
    let gone = 0;
    chat.events.on('gone', () => gone++);
    server.wire.push({ ev: 'gone', chatId: CHAT });
    await clock.pass(0);
    expect(gone).toBe(1);
  });
});

describe('the chat list', () => {
  it('counts what others wrote, until one reads or answers', async () => {
    const { server, clock, client } = await signedIn();
    server.say('one');
    server.say('two');
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toMatchObject({ unread: 2, lastMessage: { text: 'two' } });
    server.wire.push({ ev: 'receipt', chatId: CHAT, userId: ME, readSeq: 3, deliveredSeq: 3 });
    expect(client.chats.get(CHAT)).toMatchObject({ unread: 0, readSeq: 3 });
    server.say('three');
    server.say('mine', { actor: ME });
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toMatchObject({ unread: 0, readSeq: 5 });
  });
});
