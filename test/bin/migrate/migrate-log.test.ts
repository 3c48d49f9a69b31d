import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLog } from '../../../bin/embedded/open-log.ts';
import type { CopyTarget } from '../../../bin/migrate/copy.ts';
import { migrateLog } from '../../../bin/migrate/migrate.ts';
import { ids } from '../../../bin/write-side.ts';
import { importChat } from '../../../commands/index.ts';
import { type EventLog, StoreError } from '../../../events/event-store.ts';
import { type EventStoreDbStore, openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { type StandIn, startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { ircDay } from '../../../infra/formats/irc.ts';
import { openEventLog, type SqliteEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { ircLogs } from '../../support/irc-logs.ts';
import { temporaryFolders } from '../../support/temporary-folders.ts';

const DAYS = 1;
const folders = temporaryFolders();
let source: SqliteEventLog;
let until: number;
const ended: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const file = folders.file('events.db');
  const log = await openLog({ file });
  const importer = await log.commands.registerUser({
    userId: ids.ulid(),
    username: 'importer',
    displayName: 'Importer',
    password: false,
    commandId: ids.ulid(),
  });
  if (!importer.ok) throw new Error(importer.rejection.detail);
  const files = ircLogs()
    .days.slice(0, DAYS)
    .map(({ name, bytes }) => ({ name, lines: () => ircDay(name, bytes)?.lines() ?? [] }));
  const admins = [importer.value.userId];
  const imported = await importChat({ ...log, ids }, { source: 'irc', title: '#ubuntu', admins, files });
  if (!imported.ok) throw new Error(imported.rejection.detail);
  const { chatId } = imported.value;
  for (const readSeq of [100, 200]) {
    await log.commands.chat({
      type: 'send',
      actor: admins[0] as string,
      chatId,
      commandId: ids.ulid(),
      text: `${readSeq}`,
    });
    await log.commands.moveReceipts({ actor: admins[0] as string, chatId, deliveredSeq: 100_000 });
  }
  await log.close();
  source = await openEventLog({ file });
  until = await source.head();
});
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});
afterAll(async () => {
  await source.close();
  folders.remove();
});

/** A cluster's event store, and the file that the stand-in for it keeps its events in. */
async function openTarget(): Promise<{ target: EventStoreDbStore; file: string; server: StandIn }> {
  const file = folders.file('target.db');
  const server = await startStandIn({ file, stride: 1_000 });
  ended.push(() => server.close());
  const target = await openEventStoreDb({ url: server.url, heartbeat: null });
  ended.push(() => target.close());
  return { target, file, server };
}

/** Everything but the position, which is each log's own, by stream. */
async function streamsOf(log: EventLog): Promise<Record<string, object[]>> {
  const streams: Record<string, object[]> = {};
  for (const { position: _, stream, ...event } of await log.readAll({ after: 0, limit: 1_000_000 }))
    (streams[stream] ??= []).push(event);
  return streams;
}

/** What goes one way on the backplane keeps its order: a chat and the receipts in it. */
const orderOf = async (log: EventLog): Promise<string[]> =>
  (await log.readAll({ after: 0, limit: 1_000_000 }))
    .filter(({ stream }) => /^(chat|receipts)-/.test(stream))
    .map(({ stream, revision }) => `${stream} ${revision}`);

test('a log of real conversations is the same in the cluster, and a second run finds all of it there', async () => {
  const { target } = await openTarget();
  const first = await migrateLog({ source, target, until });
  expect(until).toBeGreaterThan(1_000);
  const { streams } = first;
  expect(first).toEqual({ copied: until, already: 0, streams, verified: until, differences: [], differenceCount: 0 });
  const copies = await streamsOf(target);
  expect(copies).toEqual(await streamsOf(source));
  expect(Object.keys(copies)).toHaveLength(streams);
  const again = await migrateLog({ source, target, until });
  expect(again).toEqual({ ...first, copied: 0, already: until });
  expect(await orderOf(target)).toEqual(await orderOf(source));
});

test('a run that is ended anywhere is made again and copies only the rest', async () => {
  const { target } = await openTarget();
  const abort = new AbortController();
  let appends = 0;
  const interrupted: CopyTarget = {
    ...target,
    async appendCopied(stream, expected, events) {
      if (++appends > 40) abort.abort(new Error('killed'));
      return target.appendCopied(stream, expected, events);
    },
  };
  await expect(migrateLog({ source, target: interrupted, until, signal: abort.signal })).rejects.toThrow('killed');
  const there = (await target.readAll({ after: 0, limit: 1_000_000 })).length;
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThan(until);
  const rest = await migrateLog({ source, target, until });
  expect(rest).toMatchObject({ copied: until - there, already: there, verified: until, differences: [] });
});

test('answers that are lost and servers that are away for a while change nothing', async () => {
  const { target } = await openTarget();
  let appends = 0;
  const flaky: CopyTarget = {
    ...target,
    async appendCopied(stream, expected, events) {
      const fate = ++appends % 5;
      if (fate === 1) throw new StoreError('unavailable', 'away');
      const result = await target.appendCopied(stream, expected, events);
      if (fate === 2) throw new StoreError('unknown', 'the answer was lost');
      return result;
    },
  };
  const few = Math.min(until, 100);
  expect(await migrateLog({ source, target: flaky, until: few })).toMatchObject({ copied: few, verified: few });
});

describe('a target that holds something else is refused before anything is written', () => {
  const conflict = async (target: EventStoreDbStore): Promise<unknown> => {
    const before = await target.head();
    const error = await migrateLog({ source, target, until }).catch((thrown: unknown) => thrown);
    expect(await target.head()).toBe(before);
    return error;
  };
  const event = { eventId: ids.eventId('x', 'y'), type: 'T', data: '{}', metadata: '{}' };

  test('another stream', async () => {
    const { target } = await openTarget();
    await target.append('chat-other', -1, [event]);
    expect(await conflict(target)).toMatchObject({
      code: 'migrate-conflict',
      message: expect.stringContaining('chat-other revision 0'),
    });
  });

  test('other events in a stream of ours, or more of them', async () => {
    const { target } = await openTarget();
    const [first] = await source.readAll({ after: 0, limit: 1 });
    if (!first) throw new Error('the source is empty');
    const all = await source.readStream(first.stream, { limit: 1_000 });
    await target.appendCopied(first.stream, -1, all);
    await target.append(first.stream, all.length - 1, [event]);
    expect(await conflict(target)).toMatchObject({
      code: 'migrate-conflict',
      message: expect.stringContaining(`${first.stream} revision ${all.length}`),
    });
  });

  test.each(['data', 'metadata', 'type', 'recordedAt', 'eventId'] as const)('another %s', async (field) => {
    const { target } = await openTarget();
    const [first] = await source.readAll({ after: 0, limit: 1 });
    if (!first) throw new Error('the source is empty');
    const other = {
      data: '{"x":1}',
      metadata: '{"v":1}',
      type: 'Other',
      recordedAt: 1,
      eventId: ids.eventId('a', 'b'),
    };
    await target.appendCopied(first.stream, -1, [{ ...first, [field]: other[field] }]);
    const what = field === 'recordedAt' ? 'time' : field === 'eventId' ? 'id' : field;
    expect(await conflict(target)).toMatchObject({
      code: 'migrate-conflict',
      message: expect.stringContaining(`another ${what}`),
    });
  });
});

test('somebody who writes to a stream meanwhile is noticed', async () => {
  const { target } = await openTarget();
  let stream = '';
  const raced: CopyTarget = {
    ...target,
    async appendCopied(name, expected, events) {
      if (stream === '') {
        stream = name;
        await target.append(name, expected, [
          { eventId: ids.eventId('p', 'q'), type: 'T', data: '{}', metadata: '{}' },
        ]);
      }
      return target.appendCopied(name, expected, events);
    },
  };
  const error: unknown = await migrateLog({ source, target: raced, until }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'migrate-conflict', message: expect.stringContaining(`${stream} revision 0`) });
});

test('the verification finds what is not the same, and what is not there', async () => {
  const { target } = await openTarget();
  const original = await source.readAll({ after: 0, limit: 1_000_000 });
  const bent = original[Math.floor(original.length / 2)];
  const lost = original.at(-1);
  if (!bent || !lost) throw new Error('the source is empty');
  const lossy: CopyTarget = {
    ...target,
    readAll: target.readAll,
    async appendCopied(stream, expected, events) {
      const kept = events.filter((event) => event.stream !== lost.stream || event.revision !== lost.revision);
      const written = kept.map((event) =>
        event.eventId === bent.eventId ? { ...event, data: event.data.replace('{', '{"planted":true,') } : event,
      );
      if (written.length === 0) return { status: 'appended', revision: expected + events.length, position: 0 };
      return target.appendCopied(stream, expected, written);
    },
  };
  const report = await migrateLog({ source, target: lossy, until });
  expect(report).toMatchObject({ copied: until, verified: until - 2, differenceCount: 2 });
  expect(report.differences).toEqual([
    { stream: bent.stream, revision: bent.revision, what: 'data' },
    { stream: lost.stream, revision: lost.revision, what: 'missing' },
  ]);
});
