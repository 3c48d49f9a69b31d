import { expect, it } from 'vitest';
import { createClusterAdmin } from '../../../bin/cluster/admin.ts';
import type { Generation, Generations, Job, Jobs } from '../../../projections/generations/ports.ts';
import { VIEWS } from '../../../projections/index.ts';
import type { GroupName } from '../../../projections/partitions/ports.ts';
import { arrayLog } from '../../support/array-log.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { randomLog } from '../../support/random-log.ts';

const GROUPS = ['chat-history', 'user-chats', 'deliveries'] as const;
const { events } = randomLog({ seed: 3, events: 60 });

const UNBOUNDED = { eventsPerSecond: null, share: null, yielding: false };
const FIRST: Generation[] = (['chat-history', 'user-chats'] as const).map((group) => {
  return { group, generation: 1, state: 'live', ready: true, ...UNBOUNDED };
});
const rebuild: Job = {
  jobId: 'a',
  action: 'rebuild',
  name: 'users',
  asked: { targets: [{ group: 'user-chats', generation: 2 }] },
  state: 'running',
  phase: 'building',
  goal: 1,
  told: { progress: 0.5, etaS: 9 },
  startedAt: 0,
  endedAt: null,
  result: null,
  compared: null,
  error: null,
};

async function world({ generations = FIRST, jobs = [] }: { generations?: Generation[]; jobs?: Job[] } = {}) {
  const fixed = { list: async () => generations } as Partial<Generations> as Generations;
  const none = { list: async () => jobs } as Partial<Jobs> as Jobs;
  const log = arrayLog([...events]);
  const checkpoints = memoryCheckpoints();
  for (const group of GROUPS) await checkpoints.prepare(group, 2);
  const admin = createClusterAdmin({
    log,
    checkpoints,
    clock: Date.now,
    generations: fixed,
    jobs: none,
    driver: { drive: () => undefined },
    owner: 'tests',
  });
  const moveTo = async (group: GroupName, to: number) => {
    for (const partition of [0, 1]) {
      const claim = await checkpoints.claim(group, partition, 'tests');
      await checkpoints.move({ claim, from: claim.position, to });
    }
  };
  const states = async () => new Map((await admin.list()).map((state) => [state.name, state]));
  return { log, checkpoints, admin, moveTo, states };
}

it('lists deliveries beside the views, so that it is seen where nobody delivers, and does nothing else to them', async () => {
  const { log, admin, moveTo, states } = await world();
  for (const group of GROUPS) await moveTo(group, group === 'deliveries' ? 10 : await log.head());
  const found = await states();
  expect([...found.keys()]).toEqual([...VIEWS, 'deliveries']);
  expect(found.get('users')?.lagEvents).toBe(0);
  expect(found.get('deliveries')?.lagEvents).toBe(events.filter(({ position }) => position > 10).length);
  for (const action of ['pause', 'resume', 'rebuild', 'verify'] as const) {
    expect(await admin[action]('deliveries')).toMatchObject({ ok: false, rejection: { code: 'not-found' } });
  }
});

it('tells the generations of a view, and how far the rebuild of its group is', async () => {
  const { checkpoints, moveTo, log, states } = await world({
    generations: [...FIRST, { group: 'user-chats', generation: 2, state: 'building', ready: true, ...UNBOUNDED }],
    jobs: [rebuild],
  });
  await checkpoints.prepare('user-chats@2', 2);
  for (const group of GROUPS) await moveTo(group, await log.head());
  const found = await states();
  const generations = { live: 1, building: 2, previous: null };
  expect(found.get('members')).toMatchObject({
    state: 'rebuilding',
    progress: 0.5,
    etaS: 9,
    lagEvents: 0,
    generations,
  });
  expect(found.get('chat-history')).toMatchObject({ state: 'live', generations: { ...generations, building: null } });
});
