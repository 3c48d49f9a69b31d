import { expect, test } from 'vitest';
import type { NewEvent, RecordedEvent } from '../../../events/event-store.ts';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { dryRunUpcasters, type Trial } from '../../../queries/upcasting/index.ts';
import { goldenEvent, goldenFiles } from '../../events/golden-files.ts';
import { testFolder } from '../../support/folder.ts';

/** A log with an event of every golden file, two that cannot be read, one newer and one that is of nobody. */
async function openLog() {
  const store = await openSqliteEventStore({ file: `${testFolder()}/events.db` });
  const heads = new Map<string, number>();
  const append = async ({ stream, eventId, type, data, metadata }: RecordedEvent): Promise<void> => {
    const expected = heads.get(stream) ?? -1;
    const event: NewEvent = { eventId, type, data, metadata };
    expect(await store.append(stream, expected, [event])).toMatchObject({ status: 'appended' });
    heads.set(stream, expected + 1);
  };
  for (const { name } of goldenFiles) await append(goldenEvent(name));
  await append(goldenEvent('chat/MessageSent.v1', { data: { number: 0 } }));
  await append({ ...goldenEvent('chat/MessageSent.v1'), metadata: '{}' });
  await append(goldenEvent('chat/MessageSent.v1', { metadata: { v: 7 } }));
  await append(goldenEvent('chat/MessageSent.v1', { type: 'MessagePinned' }));
  return store;
}

const row = (of: Awaited<ReturnType<typeof dryRunUpcasters>>, type: string, v: number) =>
  of.rows.find((each) => each.type === type && each.v === v);

test('every type and version is counted, and what cannot be read is named with its place', async () => {
  const log = await openLog();
  const run = await dryRunUpcasters({ log, examples: 1 });
  expect(run.events).toBe(goldenFiles.length + 4);
  expect(run.rows).toHaveLength(goldenFiles.length + 2);
  for (const { category, type, v } of goldenFiles)
    expect(row(run, type, v)).toMatchObject({ category, read: 'known', becomes: v, upcast: 0, examples: [] });
  const stream = goldenEvent('chat/MessageSent.v1').stream;
  expect(row(run, 'MessageSent', 1)).toMatchObject({
    events: 2,
    undecodable: 1,
    undecodableAt: [{ stream, position: `${log.epoch}-${(goldenFiles.length + 1).toString(36)}` }],
  });
  expect(row(run, 'MessageSent', 1)?.undecodableAt[0]?.why).toContain('number');
  expect(row(run, 'MessageSent', 7)).toMatchObject({ events: 1, read: 'newer', undecodable: 0 });
  expect(row(run, 'MessagePinned', 1)).toMatchObject({ events: 1, read: 'no-schema' });
  expect(run.malformed).toMatchObject({ events: 1, first: [{ stream }] });
  await log.close();
});

test('upcasters that are not part of the program yet are tried, with what their outcome must be', async () => {
  const log = await openLog();
  const types = new Set(['MessageDeleted', 'ReactionAdded', 'MemberAdded']);
  const trial: Trial = {
    upcasters: {
      MessageDeleted: { 1: (data) => ({ ...(data as object), reason: null }), 2: (data) => ({ third: data }) },
      ReactionAdded: {
        1: () => {
          throw new Error('not this one');
        },
      },
      MemberAdded: { 1: (data) => Object.assign(data as object, { wrong: true }) },
    },
    check: (type) => (type === 'MemberAdded' ? 'refused' : null),
  };
  const run = await dryRunUpcasters({ log, types, trial, examples: 5 });
  expect(run.events).toBe(3);
  const before = JSON.parse(goldenEvent('chat/MessageDeleted.v1').data) as object;
  expect(row(run, 'MessageDeleted', 1)).toMatchObject({
    becomes: 3,
    upcast: 1,
    undecodable: 0,
    examples: [{ before, after: { third: { ...before, reason: null } } }],
  });
  expect(row(run, 'ReactionAdded', 1)?.undecodableAt).toMatchObject([
    { why: 'the upcaster of version 1 failed: not this one' },
  ]);
  expect(row(run, 'MemberAdded', 1)).toMatchObject({ becomes: 2, upcast: 0, undecodableAt: [{ why: 'refused' }] });
  await log.close();
});

test.each<[string, (data: unknown) => unknown, string]>([
  ['nothing', () => undefined, 'failed: it gave no plain object: undefined'],
  ['a promise', async (data) => data, 'failed: it gave a promise'],
  ['a list', (data) => [data], 'failed: it gave no plain object'],
  ['what JSON cannot say', (data) => ({ ...(data as object), size: 5n }), 'failed: Do not know how to serialize'],
])('an upcaster that gives %s has failed', async (_, upcaster, why) => {
  const log = await openLog();
  const trial: Trial = { upcasters: { MessageDeleted: { 1: upcaster } } };
  const run = await dryRunUpcasters({ log, types: new Set(['MessageDeleted']), trial, examples: 5 });
  expect(row(run, 'MessageDeleted', 1)).toMatchObject({ upcast: 0, undecodable: 1, examples: [] });
  expect(row(run, 'MessageDeleted', 1)?.undecodableAt[0]?.why).toContain(why);
  await log.close();
});

test('a schema that throws refuses, and says what it threw', async () => {
  const log = await openLog();
  const check = () => {
    throw new Error('no such field');
  };
  const trial: Trial = { upcasters: { MessageDeleted: { 1: (data) => data } }, check };
  const run = await dryRunUpcasters({ log, types: new Set(['MessageDeleted']), trial, examples: 0 });
  expect(row(run, 'MessageDeleted', 1)?.undecodableAt).toMatchObject([{ why: 'its schema failed: no such field' }]);
  await log.close();
});
