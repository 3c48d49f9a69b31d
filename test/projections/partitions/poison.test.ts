import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { partitionKeyOf } from '../../../events/partition.ts';
import { chatStream } from '../../../events/streams.ts';
import { RefusedRows } from '../../../projections/partitions/ports.ts';
import type { PartitionReport } from '../../../projections/partitions/report.ts';
import { openViewSink } from '../../../projections/partitions/view-sink.ts';
import { hotMessage } from '../../support/hot-message.ts';
import { randomLog } from '../../support/random-log.ts';
import { embeddedDump, openWorld, PARTITIONS, placeOf, type World } from './world.ts';

const GROUPS = ['chat-history', 'user-chats'] as const;
const LOG = randomLog({ seed: 31, events: 400 });
const CHAT = LOG.chats[2]?.chatId ?? '';
const inStream = ({ stream }: RecordedEvent): boolean => stream === chatStream(CHAT);
const ofChat = (event: RecordedEvent): boolean => partitionKeyOf(event.stream) === CHAT;

/** The log with one event of the chat changed. */
function spoilt(revision: number, change: Partial<RecordedEvent>): RecordedEvent[] {
  return LOG.events.map((event) => (inStream(event) && event.revision === revision ? { ...event, ...change } : event));
}
const at = (events: readonly RecordedEvent[], revision: number): RecordedEvent => {
  const found = events.find((event) => inStream(event) && event.revision === revision);
  if (!found) throw new Error(`no revision ${revision}`);
  return found;
};
/** What the group holds when the chat ends before the position, and all else goes on. */
const without = (events: readonly RecordedEvent[], position: number): RecordedEvent[] =>
  events.filter((event) => !ofChat(event) || event.position < position);

const run = async (world: World): Promise<void> => {
  for (const group of GROUPS) world.join(group);
  await world.relayAll();
  await world.reached(GROUPS);
};
const byGroup = <P extends { group: string }>(parked: readonly P[]): P[] =>
  parked.toSorted((a, b) => a.group.localeCompare(b.group));
const parkedReports = (reports: readonly PartitionReport[]) => reports.filter(({ kind }) => kind === 'parked');

describe('an event that cannot be taken', () => {
  it('parks its chat, where it cannot be read, and no other', async () => {
    const events = spoilt(9, { data: '{"text":' });
    const world = await openWorld({ events });
    await run(world);
    const poison = at(events, 9);
    expect(await world.views.dump()).toEqual(await embeddedDump(without(events, poison.position)));
    const waiting = events.filter((event) => ofChat(event) && event.position > poison.position).length;
    expect(byGroup(await world.parking.list())).toEqual(
      GROUPS.map((group) => ({
        group,
        partition: placeOf(poison),
        key: CHAT,
        stream: poison.stream,
        revision: 9,
        position: poison.position,
        type: poison.type,
        error: expect.stringContaining('not JSON'),
        waiting,
        since: expect.any(Number),
        asked: 0,
        tried: 0,
      })),
    );
    expect(parkedReports(world.reports)).toHaveLength(2);
  });

  it('parks its chat where a projector refuses it, for that group alone', async () => {
    // An edit that ends in a fold of a message that is not there: the history cannot take it, the user's chats can.
    const change = { messageId: '01HZZZZZZZM000000000099999', messageSeq: 1, rev: 65, emoji: '👍' };
    const events = spoilt(12, { type: 'ReactionAdded', data: JSON.stringify(change) });
    const world = await openWorld({ events });
    await run(world);
    expect(await world.parking.list()).toMatchObject([{ group: 'chat-history', key: CHAT, revision: 12 }]);
    const { user_chats_chats: chats, chat_history_heads: heads } = await world.views.dump();
    const row = [CHAT, 'group', expect.any(String), expect.any(String), String(events.filter(inStream).length)];
    expect(chats?.map((line) => line.split(' | ').slice(0, 5))).toContainEqual(row);
    expect(heads).toContainEqual(`${CHAT} | 12`);
  });

  it('stays parked for whoever takes over, and is parked once', async () => {
    const events = spoilt(9, { data: '{"text":' });
    const world = await openWorld({ events });
    const { follower } = world.join('chat-history', 'a');
    await world.relayAll();
    await world.reached(['chat-history']);
    const [before] = await world.parking.list();
    await follower.close();
    const more = LOG.events.slice(-1).map((event): RecordedEvent => {
      const last = events.filter(inStream).at(-1);
      const revision = (last?.revision ?? 0) + 1;
      return { ...event, stream: chatStream(CHAT), revision, position: event.position + 1, type: 'PollOpened' };
    });
    world.log.events.push(...more);
    world.join('chat-history', 'b');
    await world.relayAll(more);
    await world.reached(['chat-history']);
    expect(await world.parking.list()).toEqual([{ ...before, waiting: (before?.waiting ?? 0) + 1 }]);
    expect(parkedReports(world.reports)).toHaveLength(1);
  });

  it('is found among others where only the database refuses it', async () => {
    const bad = at(LOG.events, 9);
    const world = await openWorld({ events: [...LOG.events] });
    const claim = await world.checkpoints.claim('chat-history', placeOf(bad), 'a');
    const rows = world.views.open(claim);
    let batch: readonly RecordedEvent[] = [];
    const picky = {
      ...rows,
      load: (of: Parameters<typeof rows.load>[0]) => {
        batch = of.events;
        return rows.load(of);
      },
      commit: async (step: Parameters<typeof rows.commit>[0]) => {
        if (batch.includes(bad)) throw new RefusedRows('no such letter');
        await rows.commit(step);
      },
    };
    const { checkpoints, parking, log, reports } = world;
    const report = (each: PartitionReport) => void reports.push(each);
    const sink = await openViewSink({
      claim,
      rows: picky,
      checkpoints,
      parking,
      log,
      report,
      onUnknown: () => undefined,
    });
    const own = LOG.events.filter((event) => placeOf(event) === claim.partition);
    const to = LOG.events.at(-1)?.position ?? 0;
    await sink.take({ events: own, from: 0, to });
    expect(await parking.list()).toMatchObject([
      { key: CHAT, revision: 9, error: expect.stringContaining('no such letter') },
    ]);
    expect((await checkpoints.list(['chat-history']))[claim.partition]?.position).toBe(to);
    const taken = without(own, bad.position);
    const { chat_history_heads: heads, chat_history_messages: messages } = await world.views.dump();
    const expected = await embeddedDump(taken);
    expect(heads).toEqual(expected.chat_history_heads);
    expect(messages).toEqual(expected.chat_history_messages);
  });
});

describe('a view that lacks events of a chat', () => {
  it('reads them from the stream and goes on', async () => {
    const events = [...LOG.events];
    const world = await openWorld({ events });
    const partition = placeOf(at(events, 0));
    // As after a restore: the checkpoint is ahead of what the rows hold.
    const half = at(events, 20).position;
    for (const group of GROUPS) {
      const claim = await world.checkpoints.claim(group, partition, 'earlier');
      await world.checkpoints.move({ claim, from: 0, to: half - 1 });
    }
    await run(world);
    expect(world.reports.some((report) => report.kind === 'chat-healed' && report.chatId === CHAT)).toBe(true);
    const { chat_history_messages: messages, members_spans: spans } = await world.views.dump();
    const expected = await embeddedDump(events);
    const mine = (rows: string[] | undefined) => rows?.filter((row) => row.startsWith(CHAT));
    expect(mine(messages)).toEqual(mine(expected.chat_history_messages));
    expect(mine(spans)).toEqual(mine(expected.members_spans));
    expect(await world.parking.list()).toEqual([]);
  });

  it('reads them in several calls where they are many, and none of the others is lost', async () => {
    const { chat, events } = hotMessage({ changes: 2_600, seed: 31 });
    const [last] = events.slice(-1);
    if (!last) throw new Error('a chat has events');
    const ofOthers = LOG.events.filter(({ stream }) => partitionKeyOf(stream) !== chat.chatId);
    const others = ofOthers.map((event) => ({ ...event, position: event.position + last.position }));
    const all = [...events, ...others];
    const world = await openWorld({
      events: all,
      limits: { batchEvents: 10_000 },
      takeMs: 0,
    });
    for (const group of GROUPS) {
      const claim = await world.checkpoints.claim(group, placeOf(last), 'earlier');
      await world.checkpoints.move({ claim, from: 0, to: last.position - 1 });
    }
    await run(world);
    const healed = world.reports.filter((report) => report.kind === 'chat-healed' && report.group === 'chat-history');
    expect(healed.length).toBeGreaterThan(3);
    expect(world.reports.filter(({ kind }) => kind === 'claimed' || kind === 'fault').length).toBe(2 * PARTITIONS);
    expect(await world.views.dump()).toEqual(await embeddedDump(all));
    expect(await world.parking.list()).toEqual([]);
  });

  it('parks the chat where the stream does not have them either', async () => {
    const lost = at(LOG.events, 20);
    const events = LOG.events.filter((event) => event !== lost);
    const world = await openWorld({ events });
    await run(world);
    expect(byGroup(await world.parking.list())).toMatchObject(
      GROUPS.map((group) => ({ group, key: CHAT, error: expect.stringContaining('cannot follow 20') })),
    );
    expect((await world.views.dump()).chat_history_heads).toContainEqual(expect.stringContaining(`${CHAT} | 20`));
  });
});
