import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { openLog } from '../../../bin/embedded/open-log.ts';
import { openRunner } from '../../../bin/embedded/projections/open-runner.ts';
import { ids } from '../../../bin/write-side.ts';
import type { Commands } from '../../../commands/index.ts';
import type { TopicGroup, TopicTail, TopicWriter } from '../../../events/backplane.ts';
import type { EventStore } from '../../../events/event-store.ts';
import type { Signals } from '../../../gateway/signals/port.ts';
import type { SocketServer } from '../../../gateway/ws/port.ts';
import type { PartitionRows } from '../../../projections/partitions/ports.ts';
import type { ViewSinkOptions } from '../../../projections/partitions/view-sink.ts';
import type { Projection } from '../../../projections/projection.ts';
import type { JobDeps } from '../../../projections/runner/job.ts';
import type { Writers } from '../../../projections/runner/ports.ts';
import type { RunnerOptions } from '../../../projections/runner/runner.ts';
import { testFolder } from '../../support/folder.ts';
import { randomLog } from '../../support/random-log.ts';
import { jobDone } from '../jobs.ts';
import { embeddedDump, openWorld } from '../partitions/world.ts';
import { setTraps, type Traps } from './traps.ts';

/** Ports by which something leaves the process, or the log grows. */
type Outside = TopicWriter | TopicGroup | TopicTail | Signals | SocketServer | Commands | EventStore;
/** The members of a composition that are such a port. */
type WaysOut<T> = { [K in keyof T]-?: NonNullable<T[K]> extends Outside ? K : never }[keyof T];

let traps: Traps | null = null;
afterEach(() => {
  traps?.restore();
  traps = null;
});

// The compiler is the test of these.
expectTypeOf<WaysOut<{ a: TopicWriter; b: EventStore; c: number }>>().toEqualTypeOf<'a' | 'b'>();
expectTypeOf<WaysOut<RunnerOptions>>().toEqualTypeOf<never>();
expectTypeOf<WaysOut<JobDeps>>().toEqualTypeOf<never>();
expectTypeOf<WaysOut<ViewSinkOptions>>().toEqualTypeOf<never>();
expectTypeOf<WaysOut<PartitionRows>>().toEqualTypeOf<never>();
expectTypeOf<WaysOut<Writers>>().toEqualTypeOf<never>();
// Events in, nothing out: what a projection writes to, it was made with.
expectTypeOf<ReturnType<Projection['apply']>>().toEqualTypeOf<void>();

describe('what folds and rebuilds views is given nothing that reaches the outside, and reaches for nothing', () => {
  test('the traps of this test snap', async () => {
    const { touched } = (traps = setTraps());
    expect(() => connect(1)).toThrow('connect was touched');
    expect(() => spawn('true')).toThrow('spawn was touched');
    expect(() => createSocket('udp4').send('x', 1)).toThrow('send was touched');
    expect(() => fetch('http://localhost')).toThrow('fetch was touched');
    expect(touched).toEqual(['connect', 'spawn', 'send', 'fetch']);
  });

  test('embedded: building, rebuilding and verifying every view touches none of it, and writes nothing to the log', async () => {
    const folder = testFolder();
    const eventsFile = join(folder, 'events.db');
    await writeSomething(eventsFile);
    const { touched } = (traps = setTraps());
    let moved: () => void = () => undefined;
    const { runner, close } = await openRunner({
      eventsFile,
      viewsFile: join(folder, 'views.db'),
      report: () => undefined,
      onPosition: () => moved(),
      onHead: () => undefined,
    });
    const running = runner.run();
    while (runner.position() < EVENTS) await new Promise<void>((resolve) => (moved = resolve));
    for (const action of ['rebuild', 'verify'] as const) {
      const { state } = await jobDone(runner.admin, await runner.admin[action]('all'));
      expect(state).toBe('done');
    }
    expect(runner.position()).toBe(EVENTS);
    await close();
    await running;
    expect(touched).toEqual([]);
  });

  test('in a cluster: neither do the projectors, from the beginning of the log to its end', async () => {
    const { events } = randomLog({ seed: 7, events: 300 });
    const { touched } = (traps = setTraps());
    const world = await openWorld({ events });
    world.join('chat-history');
    world.join('user-chats');
    await world.relayAll();
    await world.reached(['chat-history', 'user-chats']);
    expect(await world.views.dump()).toEqual(await embeddedDump(events));
    expect(world.log.events).toHaveLength(events.length);
    expect(touched).toEqual([]);
  });
});

const EVENTS = 4;

async function writeSomething(file: string): Promise<void> {
  const log = await openLog({ file });
  const user = { userId: ids.ulid(), username: 'ada', displayName: 'Ada', password: true, commandId: ids.ulid() };
  await log.commands.registerUser(user);
  const [actor, chatId] = [user.userId, ids.ulid()];
  await log.commands.chat({
    type: 'start-chat',
    kind: 'group',
    actor,
    chatId,
    commandId: chatId,
    title: 'x',
    members: [],
  });
  await log.commands.chat({ type: 'send', actor, chatId, commandId: ids.ulid(), text: 'one' });
  expect(await log.store.head()).toBe(EVENTS);
  await log.close();
}
