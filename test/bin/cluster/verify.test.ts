import { expect, it, onTestFinished } from 'vitest';
import { verifyViews } from '../../../bin/cluster/verify/verify.ts';
import type { EventLog } from '../../../events/event-store.ts';
import { createProgress, VIEWS } from '../../../projections/index.ts';
import { chatLogReader } from '../../../queries/chat-log/log-reader.ts';
import { arrayLog } from '../../support/array-log.ts';
import { testFolder } from '../../support/folder.ts';
import { randomLog } from '../../support/random-log.ts';
import { builtViews } from '../../support/views.ts';

const EVENTS = 400;
const SEED = 7;

it(`reads the log once, and finds what differs in any view and nothing else (seed ${SEED})`, async () => {
  const { events, chats, users } = randomLog({ seed: SEED, events: EVENTS });
  const log = arrayLog(events);
  const views = await builtViews(log, testFolder());
  onTestFinished(() => views.close());
  const progress = createProgress();
  progress.moved(await log.head());
  let read = 0;
  const counted: EventLog = {
    ...log,
    async readAll(page) {
      const found = await log.readAll(page);
      read += found.length;
      return found;
    },
  };
  const found = { ...views, chatLog: chatLogReader(log) };
  const told: number[] = [];
  const same = await verifyViews({ log: counted, found, progress }, VIEWS, (done) => told.push(done));
  expect(same.differences).toEqual([]);
  expect(same.rows).toBeGreaterThan(EVENTS);
  expect(read).toBe(events.length);
  expect(told.at(-1)).toBe(1);

  const [chat, user] = [chats[0]?.events[0]?.chatId, users[0]?.userId];
  const wrong = {
    ...found,
    users: { ...found.users, user: async (id: string) => (id === user ? null : found.users.user(id)) },
    members: { ...found.members, settings: async (id: string) => (id === chat ? null : found.members.settings(id)) },
  };
  const { differences } = await verifyViews({ log, found: wrong, progress }, VIEWS, () => undefined);
  expect(differences).toEqual([
    expect.objectContaining({ chatId: chat, what: 'settings: is missing' }),
    { chatId: '', seq: 0, what: `user ${user}: is missing` },
  ]);
});
