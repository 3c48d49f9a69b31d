import { describe, expect, it } from 'vitest';
import { signedIn } from './client.ts';
import { CHAT, ME, OTHER } from './fake-server.ts';

const seqs = (seen: { seq: number }[]) => seen.map(({ seq }) => seq);

describe('what a client sees of its chats', () => {
  it('comes live, each seq once, from the place where its list ends', async () => {
    const { server, seen, clock } = await signedIn();
    server.say('one');
    server.say('two');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 3]);
  });

  it('counts anew what was read elsewhere, however far behind the chat stands in the list', async () => {
    const { server, client, clock } = await signedIn();
    for (const text of ['one', 'two']) server.say(text);
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toMatchObject({ unread: 2 });
    const pages = [
      { chats: [], next: 'more', position: 'p' },
      { chats: [{ ...client.chats.get(CHAT), readSeq: 2, unread: 1 }], next: null, position: 'p' },
    ];
    server.interceptHttp = (_, path) => (path === '/v1/chats' ? Response.json(pages.shift()) : null);
    client.chats.markRead(CHAT, 2);
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toMatchObject({ readSeq: 2, unread: 1 });
  });

  it('drops what comes twice', async () => {
    const { server, seen, clock } = await signedIn();
    const event = server.say('one');
    server.pushEvent(server.wire, event);
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2]);
  });

  it('reads a gap from the log, with what came after it held back', async () => {
    const { server, seen, clock } = await signedIn();
    server.say('lost', { quiet: true });
    server.say('after');
    server.say('and after');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 3, 4]);
  });

  it('tries again where the log cannot be read at first', async () => {
    const { server, seen, clock, client } = await signedIn();
    let down = true;
    server.interceptHttp = (_, path) =>
      down && path.endsWith('/events') ? new Response('bad gateway', { status: 502 }) : null;
    const troubles: string[] = [];
    client.sync.events.on('trouble', ({ code }) => troubles.push(code));
    server.say('lost', { quiet: true });
    server.say('after');
    await clock.pass(30_000);
    expect(seen).toEqual([]);
    down = false;
    await clock.pass(30_000);
    expect(seqs(seen)).toEqual([2, 3]);
    expect(troubles[0]).toBe('unavailable');
  });

  it('advances over hidden runs', async () => {
    const { server, seen, clock, client } = await signedIn();
    server.pushEvent(server.wire, { chatId: CHAT, seq: 2, throughSeq: 5, type: 'Hidden', position: 'p' });
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2]);
    expect(client.sync.lastSeq(CHAT)).toBe(5);
  });

  it('is made up for after a lost connection', async () => {
    const { server, seen, clock } = await signedIn();
    server.say('one');
    server.wire.cut();
    server.say('missed');
    server.say('missed too');
    await clock.pass(30_000);
    server.say('live');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 3, 4, 5]);
    expect(server.wires).toHaveLength(2);
  });
});

describe('resync', () => {
  it('slow: asks for what it missed', async () => {
    const { server, seen, clock } = await signedIn();
    server.wire.silent.add(CHAT);
    server.say('one');
    server.resync(server.wire, CHAT, 'slow');
    await clock.pass(0);
    server.say('two');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 3]);
  });

  it('far-behind: pages through the log', async () => {
    const { server, seen, clock } = await signedIn();
    server.syncLimit = 3;
    server.wire.cut();
    for (let i = 0; i < 10; i++) server.say(`missed ${i}`);
    await clock.pass(30_000);
    server.say('live');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('far-behind: goes on at the head where the user asked for that, and the open chat is loaded afresh', async () => {
    const { server, seen, clock, client } = await signedIn({ farBehind: 'reload' });
    const chat = client.open(CHAT);
    await chat.load();
    server.syncLimit = 3;
    server.wire.cut();
    for (let i = 0; i < 10; i++) server.say(`missed ${i}`);
    await clock.pass(30_000);
    server.say('live');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([12]);
    expect(chat.page?.messages).toHaveLength(11);
  });

  it('new: a chat that the client did not know is announced and followed', async () => {
    const { server, seen, clock, client } = await signedIn();
    const chatId = '01JNEW00000000000000000000';
    const started = {
      kind: 'group',
      title: 'quay',
      members: [{ userId: ME, role: 'member' }],
      historyVisibility: 'all',
      pastContent: 'then',
    };
    server.append(chatId, 'ChatStarted', started, { quiet: true });
    server.resync(server.wire, chatId, 'new');
    await clock.pass(0);
    server.say('hello', { chatId });
    await clock.pass(0);
    expect(client.chats.get(chatId)).toMatchObject({ title: 'quay', unread: 1, headSeq: 2 });
    expect(seen).toMatchObject([{ chatId, seq: 2 }]);
  });

  it('epoch: begins again at the head of a restored log', async () => {
    const { server, seen, clock, client } = await signedIn();
    const chat = client.open(CHAT);
    await chat.load();
    server.say('lost in the restore');
    await clock.pass(0);
    server.log(CHAT).pop();
    server.epoch = 'e2';
    server.wire.cut();
    await clock.pass(30_000);
    server.say('after it');
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2, 2]);
    expect(chat.page?.messages.map(({ text }) => text)).toEqual(['after it']);
  });

  it('all: every chat is asked for', async () => {
    const { server, seen, clock } = await signedIn();
    server.wire.silent.add(CHAT);
    server.say('one');
    server.wire.push({ ev: 'resync', all: true, reason: 'slow' });
    await clock.pass(0);
    expect(seqs(seen)).toEqual([2]);
  });
});

describe('coming and going', () => {
  it('follows a chat from the event with which one was added', async () => {
    const { server, seen, clock, client } = await signedIn();
    const chatId = '01JNEW00000000000000000000';
    for (let i = 0; i < 3; i++) server.say(`before ${i}`, { chatId, quiet: true });
    server.append(chatId, 'MemberAdded', { userId: ME, role: 'member' });
    server.say('welcome', { chatId });
    await clock.pass(0);
    expect(seqs(seen)).toEqual([4, 5]);
    expect(client.chats.get(chatId)).not.toBeNull();
  });

  it('forgets a chat with the event of one’s own removal, and not with that of others', async () => {
    const { server, clock, client } = await signedIn();
    server.append(CHAT, 'MemberRemoved', { userId: OTHER });
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toMatchObject({ memberCount: 1 });
    server.append(CHAT, 'MemberRemoved', { userId: ME });
    await clock.pass(0);
    expect(client.chats.get(CHAT)).toBeNull();
  });

  it('forgets a chat that the server calls gone', async () => {
    const { server, clock, client } = await signedIn();
    server.wire.push({ ev: 'gone', chatId: CHAT });
    await clock.pass(0);
    expect(client.chats.chats).toEqual([]);
  });
});
