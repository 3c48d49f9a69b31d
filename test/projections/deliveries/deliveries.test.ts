import { describe, expect, it, onTestFinished } from 'vitest';
import { plain } from '../../../events/content.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { partitionOf, slotOf } from '../../../events/partition.ts';
import { chatStream, receiptsOf } from '../../../events/streams.ts';
import { openDeliveries } from '../../../projections/deliveries/deliveries.ts';
import { StaleOwner } from '../../../projections/partitions/ports.ts';
import type { PartitionReport } from '../../../projections/partitions/report.ts';
import type { PartitionSink } from '../../../projections/partitions/sink.ts';
import { arrayLog, recorded, recordedReceipts } from '../../support/array-log.ts';
import { createMemoryTopic } from '../../support/memory/backplane.ts';
import { memoryChatSlots } from '../../support/memory/chat-slots.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { memoryParking } from '../../support/memory/parking.ts';
import { testId, userId } from '../../support/random-chat.ts';
import { placeOf } from '../partitions/world.ts';
import { readSlot, SLOTS } from './world.ts';

const CHAT = testId('C', 1);
const SOURCE = partitionOf(CHAT, 3);

/** One partition's deliveries, taken by hand. */
async function openHand(events: readonly RecordedEvent[], limits: { takeMs?: number } = {}) {
  const checkpoints = memoryCheckpoints();
  await checkpoints.prepare('deliveries', 3);
  const topic = createMemoryTopic({ partitions: SLOTS });
  const slots = memoryChatSlots(checkpoints);
  const parking = memoryParking();
  const reports: PartitionReport[] = [];
  const writer = topic.writer();
  onTestFinished(() => writer.close());
  const time = { now: 1_000 };
  const open = async (): Promise<PartitionSink & { claim: { position: number } }> => {
    const claim = await checkpoints.claim('deliveries', SOURCE, 'a');
    const report = (each: PartitionReport) => void reports.push(each);
    const log = arrayLog([...events]);
    const clock = () => time.now;
    const store = slots.open();
    const sink = await openDeliveries({ claim, store, writer, log, checkpoints, parking, report, clock, ...limits });
    return { ...sink, claim };
  };
  const links = () => Array.from({ length: SLOTS }, (_, slot) => topic.links(slot));
  return { checkpoints, topic, slots, parking, reports, open, time, links };
}

const chatEvent = (revision: number, type: string, data: unknown): RecordedEvent =>
  recorded(chatStream(CHAT), { position: revision + 1, revision, actor: userId(1) }, { type, data });

const started = (members: readonly string[]): RecordedEvent =>
  chatEvent(0, 'ChatStarted', {
    kind: 'group',
    title: plain('all'),
    members: members.map((user, n) => ({ userId: user, role: n === 0 ? 'admin' : 'member' })),
    historyVisibility: 'all',
    pastContent: 'then',
  });
const sent = (revision: number): RecordedEvent =>
  chatEvent(revision, 'MessageSent', { messageId: testId('M', revision), number: revision, text: plain('hi') });

/** Users of one slot each. */
function usersOf(slot: number, count: number): string[] {
  const found: string[] = [];
  for (let n = 1; found.length < count; n++) if (slotOf(userId(n), SLOTS) === slot) found.push(userId(n));
  return found;
}

describe('deliveries', () => {
  it('are one record for each slot with a member, also of the one who is removed', async () => {
    const [one = '', other = ''] = [usersOf(1, 1)[0], usersOf(3, 1)[0]];
    const removed = chatEvent(2, 'MemberRemoved', { userId: other });
    const events = [started([one, other]), sent(1), removed, sent(3)];
    const hand = await openHand(events);
    await (await hand.open()).take({ events, from: 0, to: 9 });
    const told = hand.links().map((links) => links.flatMap(({ event }) => (event ? [event.revision] : [])));
    expect(told).toEqual([[], [0, 1, 2, 3], [], [0, 1, 2], []]);
    for (const links of hand.links()) {
      let held = 0;
      for (const { source, after, position } of links) {
        expect({ source, after }).toEqual({ source: SOURCE, after: held });
        held = position;
      }
      expect(held).toBe(9);
    }
  });

  it('cost as many records as slots for a group of 10,000, and one row', async () => {
    const everybody = Array.from({ length: 10_000 }, (_, n) => userId(n + 1));
    const events = [started(everybody), ...Array.from({ length: 20 }, (_, n) => sent(n + 1))];
    const hand = await openHand(events);
    await (await hand.open()).take({ events: events.slice(0, 1), from: 0, to: 1 });
    const again = await hand.open();
    await again.take({ events: events.slice(1), from: 1, to: 21 });
    expect(hand.slots.loaded()).toBe(1);
    const records = hand.links().flatMap((links) => links.filter(({ event }) => event !== null));
    expect(records).toHaveLength(events.length * SLOTS);
  });

  it('tell of an event that no backplane carries that its reader lacks it', async () => {
    const big = { ...sent(1), data: JSON.stringify({ text: 'x'.repeat(1_000_000) }) };
    const events = [started(usersOf(1, 1)), big, sent(2)];
    const hand = await openHand(events);
    await (await hand.open()).take({ events, from: 0, to: 3 });
    const links = hand.topic.links(1).map(({ after, position, event }) => [after, position, event?.revision ?? null]);
    expect(links).toEqual([
      [0, 1, 0],
      [2, 2, null],
      [2, 3, 2],
    ]);
  });

  it('tell of receipts everybody in a small chat, and oneself in a large one', async () => {
    const small = [...usersOf(0, 1), ...usersOf(2, 1)];
    const large = [...usersOf(0, 90), ...usersOf(2, 20)];
    for (const [members, slots] of [
      [small, [0, 2]],
      [large, [0]],
    ] as const) {
      const reader = members[0] ?? '';
      const receipts = recordedReceipts(
        { position: 2, revision: 0, actor: reader, chatId: CHAT },
        { readSeq: 1, deliveredSeq: 1 },
      );
      const events = [started(members), receipts];
      const hand = await openHand(events);
      await (await hand.open()).take({ events, from: 0, to: 2 });
      const told = hand
        .links()
        .flatMap((links, slot) => (links.some(({ event }) => event && receiptsOf(event.stream)) ? [slot] : []));
      expect(told).toEqual(slots);
    }
  });

  it('say how far they are: now and then while events come, at once when they end, and when somebody begins', async () => {
    const events = [started(usersOf(1, 1)), ...Array.from({ length: 8 }, (_, n) => sent(n + 1))];
    const hand = await openHand(events);
    const sink = await hand.open();
    const positions = () => hand.topic.links(0).map(({ position }) => position);
    const take = (n: number) => sink.take({ events: events.slice(n - 1, n), from: n - 1, to: n });
    await take(1);
    await take(2);
    hand.time.now += 100;
    await take(3);
    expect(positions()).toEqual([1]);
    hand.time.now += 100;
    await take(4);
    await take(5);
    expect(positions()).toEqual([1, 4]);
    expect(await sink.quiet?.()).toBe(1_000);
    expect(positions()).toEqual([1, 4, 5]);
    await sink.take({ events: [], from: 5, to: 6 });
    expect(await sink.quiet?.()).toBe(200);
    hand.time.now += 200;
    expect(await sink.quiet?.()).toBe(1_000);
    hand.time.now += 400;
    expect(await sink.quiet?.()).toBe(600);
    expect(positions()).toEqual([1, 4, 5, 6]);
    hand.time.now += 600;
    expect(await sink.quiet?.()).toBe(1_000);
    expect(hand.topic.links(0).at(-1)).toMatchObject({ after: 6, position: 6, event: null });
    const next = await hand.open();
    expect(await next.quiet?.()).toBe(1_000);
    expect(hand.topic.links(0).at(-1)).toMatchObject({ after: 6, position: 6, event: null });
    expect(positions()).toEqual([1, 4, 5, 6, 6, 6]);
  });

  it('leave no gap where another takes over, for a slot that was told of nothing lately either', async () => {
    const events = [started(usersOf(1, 1)), ...Array.from({ length: 4 }, (_, n) => sent(n + 1))];
    const hand = await openHand(events);
    const first = await hand.open();
    await first.take({ events: events.slice(0, 1), from: 0, to: 1 });
    await first.take({ events: events.slice(1, 3), from: 1, to: 3 }); // no watermark is due: slot 0 hears nothing of it
    const next = await hand.open();
    const { position: from } = next.claim;
    await next.take({ events: events.filter(({ position }) => position > from), from, to: 5 });
    for (const slot of [0, 1]) {
      const read = readSlot(hand.topic.links(slot), []);
      expect(read).toMatchObject({ gaps: 0 });
      expect(read.held[SOURCE]).toBe(5);
    }
    const { told } = readSlot(hand.topic.links(1), []);
    expect(told[SOURCE]?.map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuse whoever was overtaken, and what it had written is dropped by its readers', async () => {
    const events = [started(usersOf(1, 1)), sent(1), sent(2)];
    const hand = await openHand(events);
    const stale = await hand.open();
    const current = await hand.open();
    await current.take({ events, from: 0, to: 3 });
    await expect(stale.take({ events, from: 0, to: 3 })).rejects.toThrow(StaleOwner);
    const told: number[] = [];
    let held = 0;
    for (const { position, after, event } of hand.topic.links(1)) {
      expect(after).toBeLessThanOrEqual(held);
      if (position <= held) continue;
      held = position;
      if (event) told.push(event.revision);
    }
    expect(told).toEqual([0, 1, 2]);
  });

  it('park a chat whose members cannot be read, and go on with all others', async () => {
    const other = Array.from({ length: 50 }, (_, n) => testId('C', n + 2)).find((id) => partitionOf(id, 3) === SOURCE);
    const data = JSON.parse(started(usersOf(2, 1)).data) as unknown;
    const begun = recorded(
      chatStream(other ?? ''),
      { position: 3, revision: 0, actor: userId(1) },
      { type: 'ChatStarted', data },
    );
    const bad = { ...started(usersOf(1, 1)), data: '{' };
    const events = [bad, sent(1), begun];
    const hand = await openHand(events);
    expect(events.map((event) => placeOf(event))).toEqual([SOURCE, SOURCE, SOURCE]);
    await (await hand.open()).take({ events, from: 0, to: 3 });
    expect(await hand.parking.list()).toMatchObject([{ group: 'deliveries', key: CHAT, revision: 0, waiting: 1 }]);
    const told = hand.links().map((links) => links.filter(({ event }) => event !== null).length);
    expect(told).toEqual([0, 0, 1, 0, 0]);
  });

  it('learn it in several calls where the stream is long, write nothing before that, and go on after a restart', async () => {
    const [one = '', other = ''] = [usersOf(1, 1)[0], usersOf(3, 1)[0]];
    const added = chatEvent(1_300, 'MemberAdded', { userId: other, role: 'member' });
    const long = Array.from({ length: 1_600 }, (_, n) => (n === 0 ? started([one]) : n === 1_300 ? added : sent(n)));
    const last = sent(1_600);
    const hand = await openHand([...long, last], { takeMs: 0 });
    const claim = await hand.checkpoints.claim('deliveries', SOURCE, 'earlier');
    await hand.checkpoints.move({ claim, from: 0, to: 1_600 });
    const stretch = { events: [last], from: 1_600, to: last.position };
    const takeAll = async (by: PartitionSink): Promise<number> => {
      for (let calls = 1; ; calls++) {
        const failed = await by.take(stretch).then(
          () => null,
          (error: unknown) => error,
        );
        if (failed === null) return calls;
        expect(failed).toMatchObject({ code: 'still-behind', temporary: true });
        expect(hand.links().flat()).toEqual([]);
      }
    };
    const first = await hand.open();
    await expect(first.take(stretch)).rejects.toMatchObject({ code: 'still-behind' });
    await first.close();
    const second = await hand.open();
    expect(await takeAll(second)).toBe(4);
    expect(hand.links().map((links) => links.filter(({ event }) => event).length)).toEqual([0, 1, 0, 1, 0]);
    expect(hand.reports).toMatchObject([{ kind: 'chat-healed', chatId: CHAT, events: 1_600 }]);
  });

  it('learn from the stream who is in a chat that they do not know', async () => {
    const [one = '', other = ''] = [usersOf(1, 1)[0], usersOf(3, 1)[0]];
    const events = [started([one]), chatEvent(1, 'MemberAdded', { userId: other, role: 'member' }), sent(2), sent(3)];
    const hand = await openHand(events);
    const claim = await hand.checkpoints.claim('deliveries', SOURCE, 'earlier');
    await hand.checkpoints.move({ claim, from: 0, to: 3 });
    await (await hand.open()).take({ events: events.slice(3), from: 3, to: 4 });
    const told = hand.links().map((links) => links.flatMap(({ event }) => (event ? [event.revision] : [])));
    expect(told).toEqual([[], [3], [], [3], []]);
    expect(hand.reports).toMatchObject([{ kind: 'chat-healed', chatId: CHAT, events: 3 }]);
  });
});
