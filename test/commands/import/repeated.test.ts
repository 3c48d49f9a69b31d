import { beforeAll, describe, expect, it } from 'vitest';
import { IMPORT_AREA } from '../../../commands/import/done-files.ts';
import type { ChatEvent } from '../../../events/chat.ts';
import { opsStream } from '../../../events/streams.ts';
import { ANN, registerUsers } from '../../support/commands.ts';
import { bench, chatOf, type Days, decided, dyingStore, Killed, report } from './imports.ts';

/** Something of everything: comings without effect, notices, a renaming, a fall of the clock, the next day, nonsense. */
const DAYS: Days = {
  '2004-12-24.txt': [
    '=== Topic for #c',
    '=== bob [h] has joined #c',
    '[09:14] <bob> one',
    '[09:14] <amy> two',
    '=== amy [h] has joined #c',
    'nonsense',
    '[09:13] <amy> back in time',
    '[09:14] <amy> three',
    '=== amy is now known as amy2',
    '[09:15] * amy2 waves',
    '[23:59] <bob> late',
    '[00:01] <bob> next day',
    '=== bob [h] has joined #c',
    '=== nobody [h] has quit',
  ].join('\n'),
  '2004-12-25.txt': [
    '=== bob [h] has quit [x]',
    '[00:01] <amy2> same minute as yesterday',
    '[00:01] <cid> hi',
    '=== cid [h] has left #c',
    '[00:02] nonsense',
    '=== cid [h] has left #c',
    '[10:00] <bob> again',
    '=== bob [h] has joined #c',
  ].join('\n'),
};
const LINES = Object.values(DAYS).join('\n').split('\n').length;

let whole: ChatEvent[];
let chatId: string;
beforeAll(async () => {
  const { run, store } = bench();
  chatId = report(await run(DAYS)).chatId;
  whole = await chatOf(store, chatId);
});

describe('an import again', () => {
  it('gives the same chat, event for event, in another log', async () => {
    const { run, store } = bench();
    await run(DAYS, { batchLines: 500 });
    expect(decided(await chatOf(store, chatId))).toEqual(decided(whole));
    expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length);
  });

  it('appends nothing to the same log', async () => {
    const { run, store } = bench();
    const first = report(await run(DAYS));
    const head = await store.head();
    const second = report(await run(DAYS));
    expect(first).toMatchObject({ lines: LINES, appended: whole.length, already: 0 });
    expect(second).toEqual({ ...first, appended: 0, already: whole.length });
    expect(await store.head()).toBe(head);
  });

  it('takes only what is new of files that grew and files that came', async () => {
    const { run, store } = bench();
    const [first = '', second = ''] = Object.keys(DAYS);
    const text = DAYS[first] ?? '';
    const appended: number[] = [];
    const already: number[] = [];
    for (const days of [
      { [first]: text.split('\n').slice(0, 4).join('\n') },
      { [first]: text },
      { [second]: DAYS[second] ?? '' },
    ]) {
      const done = report(await run(days));
      appended.push(done.appended);
      already.push(done.already);
    }
    expect(already).toEqual([0, appended[0], 0]); // of the lines of that run, not of the chat
    expect(appended.reduce((sum, n) => sum + n)).toBe(whole.length);
    expect(Math.min(...appended)).toBeGreaterThan(0);
    expect(decided(await chatOf(store, chatId))).toEqual(decided(whole));
  });

  it('does not take for new what changed nothing the first time', async () => {
    const { run, store } = bench();
    await run({ '2004-12-24.txt': '[09:14] <bob> one\n=== bob [h] has joined #c' });
    await run({ '2004-12-25.txt': '=== bob [h] has quit' });
    const head = await store.head();
    expect(report(await run({ '2004-12-24.txt': '[09:14] <bob> one\n=== bob [h] has joined #c' })).appended).toBe(0);
    expect(await store.head()).toBe(head);
  });

  it('reads a last line again that was not whole the first time', async () => {
    const { run, store } = bench();
    await run({ '2004-12-24.txt': '[09:14] <bob> one\n[09:1' });
    await run({ '2004-12-24.txt': '[09:14] <bob> one\n[09:15] <bob> two' });
    expect((await chatOf(store, chatId)).map(({ data }) => ('text' in data ? data.text : ''))).toEqual([
      '',
      '',
      'one',
      'two',
    ]);
  });
});

describe('an import that was killed', () => {
  it.each(['before', 'after'] as const)('right %s any of its appends goes on to the same chat', async (when) => {
    for (let at = 1; ; at++) {
      const { run, store } = bench();
      const died = await run(DAYS, { store: dyingStore(store, { at, when }) }).then(
        () => false,
        (error: unknown) => error instanceof Killed,
      );
      const { appended, already } = report(await run(DAYS));
      expect(appended + already).toBe(whole.length);
      expect(decided(await chatOf(store, chatId))).toEqual(decided(whole));
      expect(await filesDone(store)).toBe(Object.keys(DAYS).length);
      if (!died) {
        expect(at).toBeGreaterThan(5);
        return;
      }
    }
  });

  it('with its files cut short after any line goes on to the same chat', async () => {
    for (let cut = 0; cut <= LINES; cut++) {
      const { run, store } = bench();
      let left = cut;
      const short = Object.fromEntries(
        Object.entries(DAYS).map(([name, text]) => {
          const lines = text.split('\n').slice(0, left);
          left -= lines.length;
          return [name, lines.join('\n')];
        }),
      );
      await run(short);
      await run(DAYS);
      expect(decided(await chatOf(store, chatId)), `cut after ${cut} lines`).toEqual(decided(whole));
    }
  });

  it.each(['before', 'after'] as const)(
    'settles an append whose outcome is unknown, lost %s it happened',
    async (when) => {
      const { run, store } = bench();
      store.faults.failNext(when);
      expect(report(await run(DAYS)).appended).toBe(whole.length);
      expect(decided(await chatOf(store, chatId))).toEqual(decided(whole));
    },
  );
});

describe('others at the same time', () => {
  it('that import the same leave every event once', async () => {
    const { run, store } = bench();
    const reports = (await Promise.all([1, 2, 3].map((batchLines) => run(DAYS, { batchLines })))).map(report);
    expect(decided(await chatOf(store, chatId))).toEqual(decided(whole));
    for (const { appended, already } of reports) expect(appended + already).toBeGreaterThanOrEqual(whole.length);
  });

  it('that write into the chat come in between, and the rest follows them', async () => {
    const { run, store, commands, time } = bench();
    await registerUsers(store, ANN);
    time.now = Date.UTC(2004, 11, 24, 9, 0);
    await run({ '2004-12-24.txt': '[09:14] <bob> one' });
    // Live, between the plan and its append: the clock is behind, so it takes the time of the event before.
    const append = store.append.bind(store);
    let live = 0;
    const slow: typeof store = {
      ...store,
      async append(stream, expected, events) {
        if (stream.startsWith('chat-') && live++ === 0) {
          await commands.chat({ type: 'send', actor: ANN, chatId, commandId: `01${'0'.repeat(24)}`, text: 'live' });
        }
        return append(stream, expected, events);
      },
    };
    const days = { '2004-12-24.txt': '[09:14] <bob> one\n[09:14] <bob> two\n[09:15] <bob> three' };
    expect(report(await run(days, { store: slow }))).toMatchObject({ appended: 2, already: 3 });
    const sent = (await chatOf(store, chatId)).filter(({ type }) => type === 'MessageSent');
    expect(
      sent.map(({ at, data }) => [at.slice(11, 23), 'number' in data && data.number, 'text' in data && data.text]),
    ).toEqual([
      ['09:14:00.002', 1, 'one'],
      ['09:14:00.002', 2, 'live'],
      ['09:14:00.003', 3, 'two'],
      ['09:15:00.000', 4, 'three'],
    ]);
  });

  it('whose events are younger than a line end the import, and leave what it had', async () => {
    const { run, store, commands } = bench();
    await registerUsers(store, ANN);
    await run({ '2004-12-24.txt': '[09:14] <bob> one' });
    await commands.chat({ type: 'send', actor: ANN, chatId, commandId: `01${'0'.repeat(24)}`, text: 'now' });
    const before = await chatOf(store, chatId);
    expect(await run({ '2004-12-24.txt': '[09:14] <bob> one\n[09:15] <bob> two' })).toMatchObject({
      ok: false,
      rejection: { code: 'import-behind', detail: expect.stringContaining('2004-12-24.txt:2') },
    });
    expect(await chatOf(store, chatId)).toEqual(before);
    // What is there already, and what would change nothing, is no reason to refuse.
    expect(report(await run({ '2004-12-24.txt': '[09:14] <bob> one\n=== bob [h] has joined #c' })).appended).toBe(0);
  });
});

async function filesDone(store: ReturnType<typeof bench>['store']): Promise<number> {
  const done = await store.readStream(opsStream(IMPORT_AREA), { limit: 100 });
  return new Set(done.map(({ data }) => (JSON.parse(data) as { details: { file: string } }).details.file)).size;
}
