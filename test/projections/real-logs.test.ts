import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyEvent, emptyChat } from '../../events/chat-view.ts';
import { decodeChatEvent } from '../../events/codec.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { chatOf } from '../../events/streams.ts';
import { openViews } from '../../infra/sqlite/views/open-views.ts';
import { arrayLog } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { importedLogs } from '../support/imported-logs.ts';
import { seeded } from '../support/seeded.ts';
import { startRunner } from '../support/views.ts';
import { dumpViews } from './dump.ts';
import { jobDone } from './jobs.ts';

const WITHIN_MS = 240_000;
const SEED = 61;
const PAGES = 100;

describe(`views of the real logs (seed ${SEED})`, () => {
  let events: RecordedEvent[] = [];

  beforeAll(async () => {
    const store = await importedLogs();
    events = await store.readAll({ after: 0, limit: Number.MAX_SAFE_INTEGER });
  }, WITHIN_MS);

  it('are the same taken in live and rebuilt, and verify finds nothing', { timeout: WITHIN_MS }, async () => {
    const folder = testFolder();
    const live = await startRunner({ log: arrayLog(events), folder, buildFromEvents: Number.MAX_SAFE_INTEGER });
    await live.caughtUp();
    const before = await dumpViews(join(folder, 'views.db'));
    const { admin } = live.runner;
    expect((await jobDone(admin, await admin.verify('all'))).result?.differences).toEqual([]);
    expect((await jobDone(admin, await admin.rebuild('all'))).state).toBe('done');
    await live.close();
    expect(await dumpViews(join(folder, 'views.db'))).toEqual(before);
  });

  it('give the texts and members of the fold, as of random seqs', { timeout: WITHIN_MS }, async () => {
    const folder = testFolder();
    const running = await startRunner({ log: arrayLog(events), folder });
    await running.caughtUp();
    await running.close();
    const views = openViews(join(folder, 'views.db'));
    const chat = events.filter(({ stream }) => chatOf(stream) !== null).map((event) => decodeChatEvent(event, 'e1'));
    const chatId = chat[0]?.chatId ?? '';
    const random = seeded(SEED);
    const points = new Set(Array.from({ length: PAGES }, () => 1 + random.below(chat.length)));
    const view = emptyChat(chatId);
    for (const event of chat) {
      applyEvent(view, event);
      if (!points.has(event.seq)) continue;
      const page = await views.chatHistory.page(chatId, { through: event.seq, limit: 20 });
      const last = [...view.messages.values()].slice(-20);
      expect(page.map(({ sent }) => sent.text)).toEqual(last.map(({ text }) => text));
      const frame = await views.members.frameAsOf(chatId, event.seq);
      expect(frame).toEqual({ title: view.title, memberCount: view.members.size });
      const members = await views.members.membersAsOf(chatId, { through: event.seq, limit: 10_000 });
      expect(members).toEqual([...view.members.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1)));
    }
    views.close();
  });
});
