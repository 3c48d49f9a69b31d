import { expect, test } from 'vitest';
import { NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { acquireServerLock, openEventLog, openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';
import { seeded } from '../../support/seeded.ts';
import { parseAcked, startProcess } from './processes.ts';

const SEED = Number(process.env.SEED ?? 20_261_121);

test('two processes write at once: positions have no gaps, nothing is lost, followers see all in order', {
  timeout: 60_000,
}, async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file });
  const other = await openEventLog({ file });
  const followers = [store, other].map((log) => collect(log, 9 * 60 + 9 * 60));
  const child = startProcess('writer-process.ts', [file, 'child', 'both', '60']);
  await child.line();
  const ours = [...Array.from({ length: 8 }, (_, i) => `parent.${i}`), 'both'];
  const acked: string[] = [];
  await Promise.all(
    ours.map(async (stream) => {
      let revision = NO_STREAM;
      for (let i = 0; i < 60; ) {
        const [event] = newEvents(1);
        if (!event) throw new Error('no event');
        const result = await store.append(stream, revision, [event]);
        revision = result.status === 'appended' ? result.revision : result.actual;
        if (result.status === 'conflict') continue;
        acked.push(`${stream}@${result.revision} ${result.position} ${event.eventId}`);
        i++;
      }
    }),
  );
  const { code, lines } = await child.ended();
  expect(code).toBe(0);
  acked.push(...parseAcked(lines).map((line) => `${line.stream}@${line.revision} ${line.position} ${line.eventId}`));
  const all = await store.readAll({ after: START, limit: 1e6 });
  expect(all.map((event) => event.position)).toEqual(Array.from({ length: 1_080 }, (_, i) => i + 1));
  const stored = all.map((event) => `${event.stream}@${event.revision} ${event.position} ${event.eventId}`);
  expect(acked.toSorted()).toEqual(stored.toSorted());
  for (const events of await Promise.all(followers)) expect(events).toEqual(all);
  await other.close();
  await store.close();
});

test(`a writer killed at any moment leaves every acknowledged event, and a log that is whole (seed ${SEED})`, {
  timeout: 60_000,
}, async () => {
  const random = seeded(SEED);
  const file = `${testFolder()}/events.db`;
  let known = 0;
  for (let round = 0; round < 4; round++) {
    const child = startProcess('writer-process.ts', [file, `round${round}`, '', '0']);
    await child.line();
    for (let lines = 1 + random.below(300); lines > 0; lines--) await child.line();
    await child.kill();
    const acked = parseAcked((await child.ended()).lines);
    const store = await openSqliteEventStore({ file, verify: true });
    const all = await store.readAll({ after: START, limit: 1e6 });
    expect(all.map((event) => event.position)).toEqual(all.map((_, i) => i + 1));
    for (const { stream, revision, position, eventId } of acked) {
      expect(all[position - 1]).toMatchObject({ stream, revision, eventId });
    }
    expect(acked.length).toBeGreaterThan(0);
    expect(all.length).toBeGreaterThanOrEqual(known + acked.length);
    known = all.length;
    await store.close();
  }
});

test('one server per data folder: the second is told whose it is, and a killed one leaves no lock', {
  timeout: 30_000,
}, async () => {
  const folder = testFolder();
  const release = await acquireServerLock(folder);
  await expect(acquireServerLock(folder)).rejects.toMatchObject({
    code: 'locked',
    temporary: false,
    message: expect.stringContaining(`pid ${process.pid}`) as string,
  });
  release();
  release();
  const child = startProcess('lock-process.ts', [folder]);
  const [, , pid] = (await child.line()).split(' ');
  await expect(acquireServerLock(folder)).rejects.toThrow(`pid ${pid}`);
  await child.kill();
  const again = await acquireServerLock(folder);
  again();
});

async function collect(
  log: Pick<Awaited<ReturnType<typeof openEventLog>>, 'subscribe'>,
  count: number,
): Promise<RecordedEvent[]> {
  const controller = new AbortController();
  const events: RecordedEvent[] = [];
  for await (const batch of log.subscribe({ after: START, signal: controller.signal })) {
    events.push(...batch.events);
    if (events.length >= count) controller.abort();
  }
  return events;
}
