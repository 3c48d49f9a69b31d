import { expect, it } from 'vitest';
import { createClusterAdmin } from '../../../bin/cluster/admin.ts';
import { VIEWS } from '../../../projections/index.ts';
import type { GroupName } from '../../../projections/partitions/ports.ts';
import { arrayLog } from '../../support/array-log.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { randomLog } from '../../support/random-log.ts';

const GROUPS = ['chat-history', 'user-chats', 'deliveries'] as const;
const { events } = randomLog({ seed: 3, events: 60 });

async function world() {
  const log = arrayLog([...events]);
  const checkpoints = memoryCheckpoints();
  for (const group of GROUPS) await checkpoints.prepare(group, 2);
  const admin = createClusterAdmin({
    log,
    checkpoints,
    clock: Date.now,
    verify: async () => ({ rows: 0, differences: [] }),
    rebuild: async () => undefined,
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

it('says of views that they are being rebuilt, and how far they have come', async () => {
  const { log, checkpoints, moveTo, states } = await world();
  const head = await log.head();
  await moveTo('user-chats', head);
  await checkpoints.rewind('user-chats', head);
  await moveTo('user-chats', head / 2);
  expect((await states()).get('members')).toMatchObject({ state: 'rebuilding', progress: 0.5 });
  expect((await states()).get('chat-history')?.state).not.toBe('rebuilding');
  await moveTo('user-chats', head);
  expect((await states()).get('members')).toMatchObject({ state: 'live', progress: null });
});
