import { expect, it } from 'vitest';
import type { StoredSkip } from '../../events/ops.ts';
import { createParkedAdmin } from '../../projections/index.ts';
import type { ParkedEvent } from '../../projections/parking/ports.ts';
import { memoryParking } from '../support/memory/parking.ts';
import { parkedEvent } from '../support/parked-event.ts';

const TERM = 0;
const event = (more: Partial<ParkedEvent> = {}): ParkedEvent => parkedEvent({ group: 'chat-history', ...more });

function world() {
  const parking = memoryParking();
  const decided: StoredSkip[] = [];
  const admin = createParkedAdmin({
    parking,
    viewsOf: (group) => (group === 'deliveries' ? [] : group === 'user-chats' ? ['user-chats', 'members'] : [group]),
    decide: async (_actor, skip) => void decided.push(skip),
    epoch: 'e1',
    waitMs: 200,
  });
  return { parking, decided, admin };
}

it('waits for what becomes of what is asked: gone, standing again, or not tried yet', async () => {
  const { parking, admin } = world();
  for (const key of ['gone', 'stands', 'pending']) await parking.park(event({ key }), TERM);
  const asked = admin.retry({ view: 'all', key: 'all' });
  await parking.release(event({ key: 'gone' }), TERM);
  const later = event({ key: 'stands', revision: 9, position: 90, error: 'why now' });
  await expect.poll(() => parking.asked('chat-history', 0)).toHaveLength(2);
  await parking.again({ event: later, taken: 0, attempt: 1 }, TERM);
  expect(await asked).toMatchObject({
    ok: true,
    value: {
      released: [{ key: 'gone' }],
      parked: [{ key: 'stands', event: { revision: 9 }, error: 'why now' }],
      pending: [{ key: 'pending' }],
    },
  });
});

it('decides once for an event that several views are parked at', async () => {
  const { parking, admin, decided } = world();
  await parking.park(event(), TERM);
  await parking.park(event({ group: 'user-chats' }), TERM);
  expect(await admin.skip({ view: 'all', key: 'a' }, { actor: 'olga', reason: 'damaged' })).toMatchObject({ ok: true });
  const { stream, revision, position, type, error } = event();
  const views = ['chat-history', 'user-chats', 'members'];
  expect(decided).toEqual([{ views, stream, revision, position, type, error, reason: 'damaged' }]);
  expect(await parking.asked('user-chats', 0)).toHaveLength(1);
});

it('refuses what must not be left out, and what there is nothing to do about', async () => {
  const { parking, admin, decided } = world();
  const by = { actor: 'olga', reason: 'why' };
  expect(await admin.retry({ view: 'all', key: 'a' })).toMatchObject({ rejection: { code: 'not-found' } });
  expect(await admin.skip({ view: 'members', key: 'a' }, by)).toMatchObject({ rejection: { code: 'not-found' } });
  await parking.park(event({ group: 'user-chats', type: 'MemberRemoved' }), TERM);
  expect(await admin.skip({ view: 'members', key: 'a' }, by)).toMatchObject({
    rejection: { code: 'version-conflict' },
  });
  expect(await admin.skip({ view: 'all', key: 'all' }, by)).toMatchObject({ rejection: { code: 'bad-request' } });
  await parking.park(event({ group: 'deliveries', key: 'b' }), TERM);
  expect(await admin.retry({ view: 'all', key: 'b' })).toMatchObject({ rejection: { code: 'version-conflict' } });
  expect(decided).toEqual([]);
});
