import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { StaleOwner } from '../../../projections/partitions/ports.ts';
import { openViewSink } from '../../../projections/partitions/view-sink.ts';
import { randomLog } from '../../support/random-log.ts';
import type { CommitFault } from '../../support/sqlite-partition-rows.ts';
import { embeddedDump, openWorld, placeOf, until } from './world.ts';

const LOG = randomLog({ seed: 41, events: 200 });
const HEAD = LOG.events.at(-1)?.position ?? 0;
const GROUP = 'chat-history';

describe('two processes on one partition', () => {
  it('are one who may, and one who is refused without a trace', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    const { checkpoints, parking, log, views } = world;
    const common = { checkpoints, parking, log, report: () => undefined, onUnknown: () => undefined };
    const sinkOf = async (owner: string) => {
      const claim = await checkpoints.claim(GROUP, 0, owner);
      return openViewSink({ ...common, claim, rows: views.open(claim) });
    };
    const own = LOG.events.filter((event) => placeOf(event) === 0);
    const first = own.slice(0, 10);
    const middle = first.at(-1)?.position ?? 0;
    const stale = await sinkOf('a');
    await stale.take({ events: first, from: 0, to: middle });
    const current = await sinkOf('b');
    await expect(stale.take({ events: own.slice(10), from: middle, to: HEAD })).rejects.toThrow(StaleOwner);
    await stale.close();
    expect((await checkpoints.list([GROUP]))[0]).toMatchObject({ position: middle, owner: 'b' });
    await current.take({ events: own.slice(10), from: middle, to: HEAD });
    await current.close();
    expect((await views.dump()).chat_history_messages).toEqual((await embeddedDump(own)).chat_history_messages);
  });

  it('do not park what only their old rows cannot take', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    const claim = await world.checkpoints.claim(GROUP, 0, 'a');
    const rows = world.views.open(claim);
    const { checkpoints, parking, log } = world;
    const overtaken = {
      ...rows,
      async load(batch: Parameters<typeof rows.load>[0]) {
        await rows.load(batch);
        await checkpoints.claim(GROUP, 0, 'b');
      },
      writer: () => ({
        ...rows.writer('chat-history'),
        chat: () => {
          throw new Error('rows that fit nothing');
        },
      }),
    } as unknown as typeof rows;
    const common = { checkpoints, parking, log, report: () => undefined, onUnknown: () => undefined };
    const sink = await openViewSink({ ...common, claim, rows: overtaken });
    const events = LOG.events.filter((event) => placeOf(event) === 0);
    await expect(sink.take({ events, from: 0, to: HEAD })).rejects.toThrow(StaleOwner);
    expect(await parking.list()).toEqual([]);
  });

  it('do not take it from each other for ever: who was overtaken comes back when the other is silent', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    world.join(GROUP, 'a');
    await world.relayAll(LOG.events.slice(0, 100));
    await world.reached([GROUP], LOG.events[99]?.position);
    // Somebody who was assigned the partition long ago wakes up, claims it, and is never seen again.
    const [before] = await world.checkpoints.list([GROUP]);
    await world.checkpoints.claim(GROUP, 0, 'zombie');
    await world.relayAll(LOG.events.slice(100));
    await world.reached([GROUP]);
    const stale = world.reports.filter(({ kind }) => kind === 'stale');
    expect(stale).toHaveLength(1);
    expect((await world.checkpoints.list([GROUP]))[0]).toMatchObject({ owner: 'a', term: (before?.term ?? 0) + 2 });
    expect((await world.views.dump()).chat_history_heads).toEqual((await embeddedDump(LOG.events)).chat_history_heads);
  });
});

describe('a follower', () => {
  it('waits while its group is paused, and goes on', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    await world.checkpoints.setPaused(GROUP, true);
    world.join(GROUP, 'a');
    world.join('user-chats', 'a');
    await world.relayAll();
    await world.reached(['user-chats']);
    expect((await world.checkpoints.list([GROUP])).map(({ position }) => position)).toEqual([0, 0, 0]);
    await world.checkpoints.setPaused(GROUP, false);
    await world.reached([GROUP]);
    expect(await world.views.dump()).toEqual(await embeddedDump(LOG.events));
  });

  it('can be closed while its group is paused', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    await world.checkpoints.setPaused(GROUP, true);
    const { follower, ended } = world.join(GROUP, 'a');
    await world.relayAll();
    await follower.close();
    await expect(ended).resolves.toBeUndefined();
    expect(follower.state()).toEqual([]);
  });

  it('begins again at the checkpoint after a failure, and tells of it', async () => {
    let left = 3;
    const onCommit = (): CommitFault => (left-- > 0 ? 'before' : 'none');
    const world = await openWorld({ events: [...LOG.events], onCommit });
    world.join(GROUP, 'a');
    await world.relayAll();
    await world.reached([GROUP]);
    expect(world.reports.filter(({ kind }) => kind === 'fault')).toHaveLength(3);
    expect((await world.views.dump()).chat_history_heads).toEqual((await embeddedDump(LOG.events)).chat_history_heads);
  });

  it('comes a long way in several calls, each of which ends in time', async () => {
    const world = await openWorld({ events: [...LOG.events], limits: { takeMs: 0, batchEvents: 20 } });
    await world.relayAll();
    world.topic.faults.expire(1);
    world.join(GROUP, 'a');
    await world.reached([GROUP]);
    const healed = world.reports.filter((report) => report.kind === 'healed' && report.partition === 0);
    expect(healed.length).toBeGreaterThanOrEqual(LOG.events.length / 20 - 1);
    expect(world.reports.filter(({ kind }) => kind === 'claimed')).toHaveLength(3);
    expect((await world.views.dump()).chat_history_heads).toEqual((await embeddedDump(LOG.events)).chat_history_heads);
  });

  it('ends its run where it cannot go on', async () => {
    const broken = new StoreError('corrupt', 'the rows make no sense');
    const open = () => async () => {
      throw broken;
    };
    const world = await openWorld({ events: [...LOG.events], open });
    const { ended, follower } = world.join(GROUP, 'a');
    await world.relayAll();
    await expect(ended).rejects.toBe(broken);
    expect(follower.state()).toEqual([]);
  });

  it('says where it is, and commits progress that comes without events', async () => {
    const world = await openWorld({ events: [...LOG.events] });
    const { follower } = world.join(GROUP, 'a');
    const writer = world.topic.writer();
    const watermark = { source: 0, after: 0, position: 5, event: null };
    await writer.write([{ partition: 1, link: watermark }]);
    await until(() => follower.state().some(({ position }) => position === 5));
    expect(follower.state()).toEqual([{ partition: 1, term: 1, position: 5 }]);
  });
});
