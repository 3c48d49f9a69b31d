import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { partitionKeyOf } from '../../../events/partition.ts';
import { chatStream, opsStream } from '../../../events/streams.ts';
import { VIEWS } from '../../../projections/index.ts';
import { StaleOwner } from '../../../projections/partitions/ports.ts';
import { recorded } from '../../support/array-log.ts';
import { randomLog } from '../../support/random-log.ts';
import { embeddedDump, openWorld, until, type World } from './world.ts';

const GROUPS = ['chat-history', 'user-chats'] as const;
const LOG = randomLog({ seed: 51, events: 400 });
const CHAT = LOG.chats[2]?.chatId ?? '';
const inStream = ({ stream }: RecordedEvent): boolean => stream === chatStream(CHAT);
const ofChat = (event: RecordedEvent): boolean => partitionKeyOf(event.stream) === CHAT;
const POISON = LOG.events.filter((event) => inStream(event) && event.type === 'MessageSent')[3] as RecordedEvent;
const spoilt = (...bad: RecordedEvent[]): RecordedEvent[] =>
  LOG.events.map((event) => (bad.includes(event) ? { ...event, data: '{"text":' } : event));

const follow = async (world: World): Promise<void> => {
  for (const group of GROUPS) world.join(group);
  await world.relayAll();
  await world.reached(GROUPS);
};
const mend = ({ log }: World, event: RecordedEvent): void => {
  log.events[log.events.findIndex(({ position }) => position === event.position)] = event;
};
const askAll = async ({ parking }: World): Promise<void> => {
  for (const { group, key } of await parking.list()) await parking.ask(group, key);
};
const nothingParked = ({ parking }: World) => until(async () => (await parking.list()).length === 0);
const allTried = ({ parking }: World) =>
  until(async () => (await parking.list()).every(({ asked, tried }) => asked === tried));

describe('a parked chat that is tried again', () => {
  it('goes on with all that waited, while nothing comes, in the order of the log', async () => {
    const world = await openWorld({ events: spoilt(POISON) });
    await follow(world);
    await askAll(world);
    await allTried(world);
    expect(await world.parking.list()).toMatchObject(GROUPS.map(() => ({ revision: POISON.revision, tried: 1 })));
    mend(world, POISON);
    await askAll(world);
    await nothingParked(world);
    expect(world.reports.filter(({ kind }) => kind === 'released')).toHaveLength(2);
    expect(await world.views.dump()).toEqual(await embeddedDump([...LOG.events]));
  });

  it('stays parked at the next event that cannot be taken', async () => {
    const later = LOG.events.filter((event) => inStream(event) && event.position > POISON.position)[5] as RecordedEvent;
    const world = await openWorld({ events: spoilt(POISON, later) });
    await follow(world);
    mend(world, POISON);
    await askAll(world);
    await allTried(world);
    const waiting = LOG.events.filter((event) => ofChat(event) && event.position > later.position).length;
    expect(await world.parking.list()).toMatchObject(GROUPS.map(() => ({ revision: later.revision, waiting })));
    const held = LOG.events.filter((event) => !ofChat(event) || event.position < later.position);
    expect(await world.views.dump()).toEqual(await embeddedDump(held));
  });

  it('goes on where another process takes over in the middle of it, and no event is lost or taken twice', async () => {
    let failing = 0;
    const world = await openWorld({
      events: spoilt(POISON),
      onCommit: () => (failing > 0 && failing-- % 2 === 0 ? 'after' : 'none'),
    });
    const first = GROUPS.map((group) => world.join(group, 'a'));
    await world.relayAll();
    await world.reached(GROUPS);
    mend(world, POISON);
    failing = 4;
    await askAll(world);
    for (const group of GROUPS) world.join(group, 'b');
    await Promise.all(first.map(({ follower }) => follower.close()));
    await nothingParked(world);
    const more = LOG.events.slice(-1).map((event): RecordedEvent => {
      const last = world.log.events.filter(inStream).at(-1);
      const position = event.position + 1;
      return { ...event, stream: chatStream(CHAT), revision: (last?.revision ?? 0) + 1, position, type: 'PollOpened' };
    });
    world.log.events.push(...more);
    await world.relayAll(more);
    await world.reached(GROUPS);
    expect(await world.views.dump()).toEqual(await embeddedDump([...world.log.events]));
  });

  it('is let go by nobody whose term is over', async () => {
    const world = await openWorld({ events: spoilt(POISON) });
    await follow(world);
    const { openParkedKeys } = await import('../../../projections/partitions/parked-keys.ts');
    const [parked] = await world.parking.list();
    if (!parked) throw new Error('nothing is parked');
    const [stands] = await world.checkpoints.list([parked.group as 'chat-history']);
    const claim = { ...stands, group: parked.group as 'chat-history', partition: parked.partition };
    const stale = { ...claim, term: 0, era: 0, position: stands?.position ?? 0 };
    const { checkpoints, parking } = world;
    const keys = await openParkedKeys({ claim: stale, checkpoints, parking, report: () => undefined });
    await expect(keys.release(parked, stale.position)).rejects.toBeInstanceOf(StaleOwner);
    expect(await parking.list()).toHaveLength(2);
  });
});

describe('an event that is left out', () => {
  it('is left out of the views of the group, and what comes after it goes on', async () => {
    const world = await openWorld({ events: spoilt(POISON) });
    await follow(world);
    const position = (world.log.events.at(-1)?.position ?? 0) + 1;
    const { stream, revision, type } = POISON;
    const skipped = recorded(
      opsStream('parked'),
      { position, revision: 0, actor: '01HZZZZZZZV000000000000001' },
      {
        type: 'EventSkipped',
        data: {
          views: [...VIEWS],
          stream,
          revision,
          position: POISON.position,
          type,
          reason: 'damaged',
          error: 'not JSON',
        },
      },
    );
    world.log.events.push(skipped);
    await askAll(world);
    await nothingParked(world);
    expect(await world.views.dump()).toEqual(await embeddedDump([...world.log.events]));
    const afresh = await openWorld({ events: [...world.log.events] });
    await follow(afresh);
    expect(await afresh.parking.list()).toEqual([]);
    expect(await afresh.views.dump()).toEqual(await world.views.dump());
  });
});
