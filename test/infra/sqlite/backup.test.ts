import { expect, test } from 'vitest';
import { NO_STREAM, START } from '../../../events/event-store.ts';
import { backupEventLog, restoreEventLog } from '../../../infra/sqlite/event-store/backup.ts';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { appended, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';

test('a backup taken while others write is a log that goes on from where it was taken', async () => {
  const folder = testFolder();
  const store = await openSqliteEventStore({ file: `${folder}/events.db` });
  let writing = true;
  let acked = NO_STREAM;
  const writer = (async () => {
    while (writing) acked = (await appended(store.append('chat-1', acked, newEvents(5)))).revision;
  })();
  const before = await appended(store.append('chat-2', NO_STREAM, newEvents(3)));
  await backupEventLog(`${folder}/events.db`, `${folder}/backup.db`);
  writing = false;
  await writer;
  const copy = await openSqliteEventStore({ file: `${folder}/backup.db`, verify: true });
  expect(copy.epoch).toBe(store.epoch);
  const head = await copy.head();
  expect(head).toBeGreaterThanOrEqual(before.position);
  expect(await copy.readAll({ after: START, limit: 1e6 })).toEqual(
    await store.readAll({ after: START, until: head, limit: 1e6 }),
  );
  const [last] = await copy.readStream('chat-1', { direction: 'backwards', limit: 1 });
  await appended(copy.append('chat-1', last?.revision ?? NO_STREAM, newEvents(1)));
  await copy.close();
  await store.close();
});

test('a backup does not overwrite a file', async () => {
  const folder = testFolder();
  const store = await openSqliteEventStore({ file: `${folder}/events.db` });
  await expect(backupEventLog(`${folder}/events.db`, `${folder}/events.db`)).rejects.toThrow('is there already');
  await store.close();
});

test('a restore up to a position or a time holds exactly the events until then, under a new epoch', async () => {
  const folder = testFolder();
  let now = 5_000;
  const store = await openSqliteEventStore({ file: `${folder}/events.db`, clock: () => now });
  for (let i = 0; i < 300; i++) {
    await appended(store.append(`chat-${i % 7}`, Math.floor(i / 7) * 9 - 1, newEvents(9)));
    now += i % 5 === 4 ? -3 : 2;
  }
  await store.save('chat-1', 100, 'state');
  const all = await store.readAll({ after: START, limit: 1e6 });
  await store.close();

  const whole = await restoreEventLog({ from: `${folder}/events.db`, to: `${folder}/whole.db` });
  expect(whole).toMatchObject({ events: 2_700 });
  expect(whole.epoch).not.toBe(store.epoch);

  const steps: number[] = [];
  await restoreEventLog({
    from: `${folder}/events.db`,
    to: `${folder}/part.db`,
    until: { position: 1_234 },
    onProgress: (done, total) => steps.push(done / total),
  });
  expect(steps.at(-1)).toBe(1);
  const part = await openSqliteEventStore({ file: `${folder}/part.db`, verify: true });
  expect(await part.readAll({ after: START, limit: 1e6 })).toEqual(all.slice(0, 1_234));
  expect(await part.load('chat-1')).toBeNull();
  const time = 5_060;
  const firstLater = all.findIndex((event) => event.recordedAt > time);
  expect(await part.positionBefore(time + 1)).toBe(firstLater);
  // It is a log like any other: streams go on where they were cut.
  const [last] = await part.readStream('chat-2', { direction: 'backwards', limit: 1 });
  expect(await appended(part.append('chat-2', last?.revision ?? 0, newEvents(2)))).toMatchObject({ position: 1_236 });
  await part.close();

  const timed = await restoreEventLog({ from: `${folder}/events.db`, to: `${folder}/timed.db`, until: { time } });
  expect(timed.events).toBe(firstLater);
});

test('a restore needs a log, and a place of its own', async () => {
  const folder = testFolder();
  await expect(restoreEventLog({ from: `${folder}/none.db`, to: `${folder}/to.db` })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const store = await openSqliteEventStore({ file: `${folder}/events.db` });
  await store.close();
  await expect(restoreEventLog({ from: `${folder}/events.db`, to: `${folder}/events.db` })).rejects.toThrow(
    'is there already',
  );
});
