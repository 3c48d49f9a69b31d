import { describe, expect, it } from 'vitest';
import { decode } from '../../../events/codec.ts';
import { userStream } from '../../../events/streams.ts';
import { ANN, BOB } from '../../support/commands.ts';
import { bench, chatOf, report, TITLE } from './imports.ts';

const DAY = '2004-12-25.txt';

async function imported(text: string) {
  const { run, store, commands } = bench();
  const done = report(await run({ [DAY]: text }));
  return { events: await chatOf(store, done.chatId), done, store, commands };
}

const what = (events: Awaited<ReturnType<typeof imported>>['events']): string[] =>
  events.map(({ type, at, data }) => `${at.slice(11, 23)} ${type} ${'text' in data ? data.text : ''}`.trimEnd());

describe('an import', () => {
  it('starts a group of its admins and adds whoever speaks', async () => {
    const { events } = await imported('[09:14] <bob> hello\n[09:14] * bob waves\n');
    const [start, added, hello, waves] = events;
    expect(start).toMatchObject({
      seq: 1,
      type: 'ChatStarted',
      actor: ANN,
      at: '2004-12-25T09:14:00.000Z',
      data: {
        kind: 'group',
        title: TITLE,
        members: [{ userId: ANN, role: 'admin' }],
        historyVisibility: 'all',
        pastContent: 'then',
      },
    });
    const author = added?.actor;
    expect(added).toMatchObject({
      type: 'MemberAdded',
      at: '2004-12-25T09:14:00.001Z',
      data: { userId: author, role: 'member' },
    });
    expect(hello).toMatchObject({
      type: 'MessageSent',
      actor: author,
      at: '2004-12-25T09:14:00.002Z',
      data: {
        number: 1,
        text: 'hello',
        origin: { source: 'irc', id: `${DAY}:1`, at: '2004-12-25T09:14:00.000Z', author: 'bob' },
      },
    });
    expect(waves).toMatchObject({ type: 'MessageSent', data: { number: 2, text: '/me waves' } });
    expect(events).toHaveLength(4);
  });

  it('takes several admins, in the order given', async () => {
    const { run, store } = bench();
    const { chatId } = report(await run({ [DAY]: '[09:14] <bob> hello' }, { admins: [BOB, ANN] }));
    const [start] = await chatOf(store, chatId);
    expect(start).toMatchObject({
      actor: BOB,
      data: {
        members: [
          { userId: BOB, role: 'admin' },
          { userId: ANN, role: 'admin' },
        ],
      },
    });
  });

  it('makes users without password, one for each spelling, the same in every chat', async () => {
    const { run, store, commands } = bench();
    const first = report(await run({ [DAY]: '[09:14] <bob> hello\n[09:14] <Bob> hello' }));
    const second = report(await run({ [DAY]: '[09:14] <bob> hello' }, { title: 'other' }));
    const authors = (await chatOf(store, first.chatId)).flatMap(({ type, actor }) =>
      type === 'MessageSent' ? [actor] : [],
    );
    const elsewhere = (await chatOf(store, second.chatId)).flatMap(({ type, actor }) =>
      type === 'MessageSent' ? [actor] : [],
    );
    expect(new Set(authors).size).toBe(2);
    expect(elsewhere).toEqual([authors[0]]);
    const names = await Promise.all(authors.map((userId) => store.readStream(userStream(userId), { limit: 10 })));
    expect(names.map((events) => events.map((event) => decode(event).data))).toEqual(
      ['bob', 'Bob'].map((name) => [
        { username: null, displayName: { enc: 'plain', text: name }, password: false, source: 'irc' },
      ]),
    );
    expect(await commands.profile(authors[0] ?? '')).toMatchObject({ displayName: 'bob', password: false });
  });

  it('lets members come and go, under their own names, once', async () => {
    const { events } = await imported(
      [
        '=== bob [h] has joined #c',
        '=== bob [h] has joined #c',
        '[09:14] <bob> hello',
        '=== bob is now known as rob',
        '=== bob [h] has quit [x]',
        '=== rob [h] has left #c',
        '=== nobody [h] has left #c',
        '=== Topic for #c',
      ].join('\n'),
    );
    const [, bob, , rob] = events;
    expect(
      events.slice(1).map(({ type, actor, data }) => [type, actor, 'userId' in data ? data.userId : null]),
    ).toEqual([
      ['MemberAdded', bob?.actor, bob?.actor],
      ['MessageSent', bob?.actor, null],
      ['MemberAdded', rob?.actor, rob?.actor],
      ['MemberRemoved', bob?.actor, bob?.actor],
      ['MemberRemoved', rob?.actor, rob?.actor],
    ]);
    expect(rob?.actor).not.toBe(bob?.actor);
  });

  it('leaves members as they are where a name is changed to itself', async () => {
    const { events } = await imported('=== bob [h] has joined #c\n=== bob is now known as bob');
    expect(events.map(({ type }) => type)).toEqual(['ChatStarted', 'MemberAdded']);
  });

  it('reports every line but the empty ones, and why those that it could not read', async () => {
    const { done, events } = await imported('[09:14] <bob> hello\n\nnonsense\n   \n=== Topic\n');
    expect(done).toMatchObject({ lines: 4, appended: 3, already: 0 });
    expect(done.unreadable).toEqual([
      { file: DAY, line: 3, why: expect.any(String) },
      { file: DAY, line: 4, why: expect.any(String) },
    ]);
    expect(events).toHaveLength(3);
  });

  it('of files without an event starts nothing', async () => {
    const { done, events, store } = await imported('=== Topic\nnonsense\n=== nobody [h] has quit');
    expect(done).toMatchObject({ lines: 3, appended: 0, already: 0 });
    expect(events).toEqual([]);
    expect(await store.readStream(`chat-${done.chatId}`, { limit: 1 })).toEqual([]);
  });

  it.each(['', '   ', 'x'.repeat(201)])('refuses a title that no group may have', async (title) => {
    expect(await bench().run({ [DAY]: '[09:14] <bob> x' }, { title })).toMatchObject({
      ok: false,
      rejection: { code: 'bad-request' },
    });
  });
});

describe('times of an import', () => {
  it('are k ms into the written minute for its k-th event, whichever lines lie between', async () => {
    const { events } = await imported(
      '=== bob [h] has joined #c\n[09:14] <bob> a\n[09:15] <bob> b\n=== Topic\n[09:15] <bob> c\n[09:15] <amy> d',
    );
    expect(what(events)).toEqual([
      '00:00:00.000 ChatStarted',
      '00:00:00.001 MemberAdded',
      '09:14:00.000 MessageSent a',
      '09:15:00.000 MessageSent b',
      '09:15:00.001 MessageSent c',
      '09:15:00.002 MemberAdded',
      '09:15:00.003 MessageSent d',
    ]);
  });

  it('begin with the minute of the first line that appends', async () => {
    const { events } = await imported('=== Topic\n=== bob [h] has quit\n[09:14] nonsense\n[09:15] <bob> a');
    expect(what(events)).toEqual([
      '09:15:00.000 ChatStarted',
      '09:15:00.001 MemberAdded',
      '09:15:00.002 MessageSent a',
    ]);
  });

  it('never fall, and count by the written minute', async () => {
    const { events } = await imported('[09:15] <bob> a\n[09:14] <bob> b\n[09:14] <bob> c\n[09:15] <bob> d');
    expect(what(events).slice(2)).toEqual([
      '09:15:00.002 MessageSent a',
      '09:15:00.002 MessageSent b',
      '09:15:00.002 MessageSent c',
      '09:15:00.003 MessageSent d',
    ]);
  });

  it('end at 999 ms', async () => {
    const { events } = await imported('[09:14] <bob> x\n'.repeat(1_010));
    expect(events.at(998)?.at).toBe('2004-12-25T09:14:00.998Z');
    expect(events.at(999)?.at).toBe('2004-12-25T09:14:00.999Z');
    expect(events.at(1_011)?.at).toBe('2004-12-25T09:14:00.999Z');
  });

  it('go on counting in a minute that two files write', async () => {
    const { run, store } = bench();
    const days = {
      '2004-12-25.txt': '[23:59] <bob> a\n[00:00] <bob> b',
      '2004-12-26.txt': '=== amy [h] has joined #c\n[00:00] <bob> c',
    };
    const { chatId } = report(await run(days));
    expect(what(await chatOf(store, chatId)).slice(3)).toEqual([
      '00:00:00.000 MessageSent b',
      '00:00:00.001 MemberAdded',
      '00:00:00.002 MessageSent c',
    ]);
  });
});
