import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { chatStream, opsStream } from '../../events/streams.ts';
import { VIEWS } from '../../projections/index.ts';
import { arrayLog, recorded } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner, type TestRunner } from '../support/views.ts';
import { dumpViews } from './dump.ts';
import { jobDone } from './jobs.ts';

const LOG = randomLog({ seed: 41, events: 400 });
const CHAT = LOG.chats[2]?.chatId ?? '';
const OPERATOR = '01HZZZZZZZV000000000000001';
const ofChat = (event: RecordedEvent): boolean => partitionKeyOf(event.stream) === CHAT;
const inStream = ({ stream }: RecordedEvent): boolean => stream === chatStream(CHAT);
/** The first message after some others: what is said of it later needs it. */
const POISON = LOG.events.filter((event) => inStream(event) && event.type === 'MessageSent')[3] as RecordedEvent;
const WAITING = LOG.events.filter((event) => ofChat(event) && event.position > POISON.position);
const spoilt = (): RecordedEvent[] =>
  LOG.events.map((event) => (event === POISON ? { ...event, data: '{"text":' } : event));

async function dump(folder: string): Promise<Record<string, string[]>> {
  const { checkpoints: _, parked: __, ...rows } = await dumpViews(join(folder, 'views.db'));
  return rows;
}
async function dumpOf(events: RecordedEvent[]): Promise<Record<string, string[]>> {
  const folder = testFolder();
  const running = await startRunner({ log: arrayLog(events), folder });
  await running.caughtUp();
  await running.close();
  return dump(folder);
}
const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise(setImmediate);
  }
};
/** What an operator decides, as it lies in the log. */
const skipping = (event: RecordedEvent, { position, revision }: { position: number; revision: number }) =>
  recorded(
    opsStream('parked'),
    { position, revision, actor: OPERATOR },
    {
      type: 'EventSkipped',
      data: {
        views: [...VIEWS],
        stream: event.stream,
        revision: event.revision,
        position: event.position,
        type: event.type,
        reason: 'damaged by a disk',
        error: 'not JSON',
      },
    },
  );
const retryAll = async ({ runner }: TestRunner): Promise<void> => {
  for (const { group, key } of runner.parking.list()) await runner.parking.ask(group, key);
};

describe('an event that a view cannot take', () => {
  it('parks its chat in the same transaction, and no other', async () => {
    const folder = testFolder();
    const running = await startRunner({ log: arrayLog(spoilt()), folder, liveEventsMax: 7 });
    await running.caughtUp();
    const parked = running.runner.parking.list();
    expect(parked.map(({ group }) => group)).toEqual(['chat-history', 'members', 'user-chats']);
    const chatOnly = WAITING.filter(inStream).length;
    for (const event of parked) {
      expect(event).toMatchObject({ key: CHAT, stream: POISON.stream, revision: POISON.revision, type: 'MessageSent' });
      expect(event.waiting).toBe(event.group === 'user-chats' ? WAITING.length : chatOnly);
    }
    expect(running.reports.filter(({ kind }) => kind === 'parked')).toHaveLength(3);
    const found = (await jobDone(running.runner.admin, await running.runner.admin.verify('all'))).result;
    expect(found?.differences).toEqual([]);
    expect(found?.parked).toHaveLength(3);
    await running.close();
    const without = LOG.events.filter((event) => !ofChat(event) || event.position < POISON.position);
    expect(await dump(folder)).toEqual(await dumpOf(without));
  });

  it('stays parked over a restart, and is told of once', async () => {
    const folder = testFolder();
    const log = arrayLog(spoilt().slice(0, -20));
    const first = await startRunner({ log, folder });
    await first.caughtUp();
    await first.close();
    log.events.push(...spoilt().slice(-20));
    const second = await startRunner({ log, folder });
    await second.caughtUp();
    expect(second.runner.parking.list().find(({ group }) => group === 'user-chats')?.waiting).toBe(WAITING.length);
    expect(second.reports.filter(({ kind }) => kind === 'parked')).toEqual([]);
    await second.close();
  });

  it('goes on, with all that waited, when it is tried again and the cause is gone', async () => {
    const folder = testFolder();
    const log = arrayLog(spoilt());
    const running = await startRunner({ log, folder });
    await running.caughtUp();
    await retryAll(running);
    await until(() => running.runner.parking.list().every(({ tried }) => tried === 1));
    expect(running.runner.parking.list()).toHaveLength(3);
    log.events[log.events.indexOf(log.events.find(({ position }) => position === POISON.position) as RecordedEvent)] =
      POISON;
    await retryAll(running);
    await until(() => running.runner.parking.list().length === 0);
    expect(running.reports.filter(({ kind }) => kind === 'released')).toHaveLength(3);
    await running.close();
    expect(await dump(folder)).toEqual(await dumpOf([...LOG.events]));
  });

  it('goes on with an attempt that a restart has cut off, and takes nothing twice', async () => {
    const folder = testFolder();
    const log = arrayLog(spoilt());
    const first = await startRunner({ log, folder });
    await first.caughtUp();
    log.events[log.events.findIndex(({ position }) => position === POISON.position)] = POISON;
    await retryAll(first);
    await first.close();
    const second = await startRunner({ log, folder });
    await until(() => second.runner.parking.list().length === 0);
    await second.close();
    expect(await dump(folder)).toEqual(await dumpOf([...LOG.events]));
  });

  it('stays parked at the next event that cannot be taken, and holds what is before that', async () => {
    const folder = testFolder();
    const later = WAITING.filter(inStream)[5] as RecordedEvent;
    const events = spoilt().map((event) =>
      event.position === later.position ? { ...event, data: '{"also":' } : event,
    );
    const log = arrayLog(events);
    const running = await startRunner({ log, folder });
    await running.caughtUp();
    log.events[events.findIndex(({ position }) => position === POISON.position)] = POISON;
    await retryAll(running);
    await until(() => running.runner.parking.list().every(({ tried }) => tried === 1));
    const behind = WAITING.filter((event) => event.position > later.position);
    for (const event of running.runner.parking.list()) {
      expect(event).toMatchObject({ revision: later.revision, position: later.position });
      expect(event.waiting).toBe(event.group === 'user-chats' ? behind.length : behind.filter(inStream).length);
    }
    await running.close();
    const held = LOG.events.filter((event) => !ofChat(event) || event.position < later.position);
    expect(await dump(folder)).toEqual(await dumpOf(held));
  });
});

describe('an event that is left out', () => {
  it('is left out by whoever folds the log, and said to be', async () => {
    const folder = testFolder();
    const log = arrayLog(spoilt());
    const running = await startRunner({ log, folder });
    await running.caughtUp();
    log.events.push(skipping(POISON, { position: (log.events.at(-1)?.position ?? 0) + 1, revision: 0 }));
    await retryAll(running);
    await until(() => running.runner.parking.list().length === 0);
    await running.caughtUp();
    const { admin } = running.runner;
    const verified = (await jobDone(admin, await admin.verify('all'))).result;
    expect(verified?.differences).toEqual([]);
    expect(verified?.skipped?.map(({ revision, reason }) => [revision, reason])).toEqual(
      VIEWS.map(() => [POISON.revision, 'damaged by a disk']),
    );
    const before = await dump(folder);
    expect((await jobDone(admin, await admin.rebuild('all'))).state).toBe('done');
    await running.close();
    expect(await dump(folder)).toEqual(before);
    await rm(join(folder, 'views.db'));
    const afresh = await startRunner({ log, folder });
    await afresh.caughtUp();
    expect(afresh.runner.parking.list()).toEqual([]);
    await afresh.close();
    const sorted = (rows: Record<string, string[]>) => Object.values(rows).map((table) => table.length);
    expect(sorted(await dump(folder))).toEqual(sorted(before));
  });

  it('lets a chat go on that was parked before the decision was read', async () => {
    const folder = testFolder();
    const log = arrayLog(spoilt());
    const running = await startRunner({ log, folder });
    await running.caughtUp();
    await running.close();
    log.events.push(skipping(POISON, { position: (log.events.at(-1)?.position ?? 0) + 1, revision: 0 }));
    const again = await startRunner({ log, folder });
    await until(() => again.runner.parking.list().length === 0);
    expect(again.reports.filter(({ kind }) => kind === 'released')).toHaveLength(3);
    await again.close();
  });
});

describe('a rebuild', () => {
  it('parks in the new generation too, and takes the place of the old one', async () => {
    const folder = testFolder();
    const running = await startRunner({ log: arrayLog(spoilt()), folder, catchUpEvents: 50 });
    await running.caughtUp();
    const before = running.runner.parking.list();
    const { admin } = running.runner;
    expect((await jobDone(admin, await admin.rebuild('all'))).state).toBe('done');
    const rebuilt = running.runner.parking.list();
    const facts = (events: typeof before) => events.map((event) => ({ ...event, since: 0 }));
    expect(facts(rebuilt)).toEqual(facts(before));
    await running.close();
  });
});
