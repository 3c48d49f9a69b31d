import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { openEventLog, openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { arrayLog } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner } from '../support/views.ts';
import { dumpViews } from './dump.ts';

const SEED = 23;
const PAGE = 7;

/** A random log in a file, and its events as they are read from it one by one. */
async function logInFile(): Promise<{ file: string; events: RecordedEvent[] }> {
  const file = join(testFolder(), 'events.db');
  const store = await openSqliteEventStore({ file });
  for (const { stream, revision, type, data, metadata, position } of randomLog({ seed: SEED, events: 400 }).events) {
    const eventId = deterministicUuid('parsed-pages', String(position));
    await store.append(stream, revision - 1, [{ eventId, type, data, metadata }]);
  }
  const events = await store.readAll({ after: 0, limit: 10_000 });
  await store.close();
  return { file, events };
}

async function change(file: string, sql: string): Promise<void> {
  const db = await openDatabase({ file, synchronous: 'normal' });
  db.exec(sql);
  db.close();
}

it(`reads the events of a page with the JSON of all of them at once (seed ${SEED})`, async () => {
  const { file, events } = await logInFile();
  const log = await openEventLog({ file });
  for (let after = 0; after <= events.length; after += PAGE) {
    const expected = events.slice(after, after + PAGE).map(({ stream, revision, type, position, data, metadata }) => {
      return { stream, revision, type, position, data: JSON.parse(data), metadata: JSON.parse(metadata) };
    });
    expect(await log.readParsed({ after, limit: PAGE })).toEqual(expected);
  }
  const upTo = await log.readParsed({ after: 3, until: 5, limit: PAGE });
  expect(upTo?.map(({ position }) => position)).toEqual([4, 5]);
  await log.close();
});

it.each([
  ['is none', "UPDATE events SET data = '{' WHERE position = 20"],
  ['is nothing', "UPDATE events SET metadata = '' WHERE position = 20"],
  ['is two', "UPDATE events SET data = '{},{}' WHERE position = 20"],
  [
    'is a part of one, another of them being two',
    "UPDATE events SET data = CASE position WHEN 20 THEN '[1' WHEN 21 THEN '2]' ELSE '1,2' END WHERE position BETWEEN 20 AND 22",
  ],
])('leaves a page to whoever reads it one by one where a text of JSON %s', async (_, sql) => {
  const { file } = await logInFile();
  await change(file, sql);
  const log = await openEventLog({ file });
  expect(await log.readParsed({ after: 10, limit: 20 })).toBeNull();
  expect(await log.readParsed({ after: 22, limit: 20 })).toHaveLength(20);
  await log.close();
});

it(`builds the views that the same events give one by one (seed ${SEED})`, async () => {
  const { file, events } = await logInFile();
  const live = testFolder();
  const one = await startRunner({ log: arrayLog(events), folder: live, liveEventsMax: 1, catchUpEvents: 1 });
  await one.caughtUp();
  await one.close();
  const folder = testFolder();
  const log = await openEventLog({ file });
  const built = await startRunner({ log, folder, buildFromEvents: 1, catchUpEvents: 50 });
  await built.caughtUp();
  await built.close();
  await log.close();
  expect(built.reports).toContainEqual(expect.objectContaining({ kind: 'rebuilt' }));
  expect(await dumpViews(join(folder, 'views.db'))).toEqual(await dumpViews(join(live, 'views.db')));
});

it.each([
  ['not JSON', "UPDATE events SET data = '{' WHERE position ="],
  ['refused by its schema', "UPDATE events SET metadata = '{}' WHERE position ="],
])('parks the chat of an event that is %s in each view, and says which it is', async (_, sql) => {
  const { file, events } = await logInFile();
  const broken = events.findLast(({ type }) => type === 'MessageSent');
  await change(file, `${sql} ${broken?.position}`);
  const log = await openEventLog({ file });
  const running = await startRunner({ log, folder: testFolder(), buildFromEvents: 1 });
  await running.caughtUp();
  const place = { stream: broken?.stream, revision: broken?.revision };
  const error = expect.stringContaining(`${broken?.stream} revision ${broken?.revision}`);
  const parked = running.runner.parking.list();
  expect(parked.map(({ group }) => group)).toEqual(['chat-history', 'members', 'user-chats']);
  for (const event of parked) expect(event).toMatchObject({ ...place, error });
  expect(running.reports.filter(({ kind }) => kind === 'rebuilt')).toHaveLength(1);
  await running.close();
  await log.close();
});
