import { afterEach, beforeEach, expect, it } from 'vitest';
import { rejected } from '../../../events/error-codes.ts';
import { opsStream } from '../../../events/streams.ts';
import type { ParkedChat } from '../../../gateway/http/ops/parked/port.ts';
import { createHarness, type Harness, ok, type Person } from './harness.ts';

let h: Harness;
let olga: Person;
beforeEach(async () => {
  h = await createHarness();
  olga = await h.person('olga', 'user', 'ops');
});
afterEach(() => h.close());

const parked: ParkedChat = {
  view: 'chat-history',
  key: '01JD0000000000000000000001',
  event: { stream: 'chat-01JD0000000000000000000001', revision: 7, position: 'e-2s', type: 'MessageSent' },
  error: 'not JSON',
  waiting: 3,
  since: '2026-01-01T00:00:00.000Z',
};
const place = `/v1/ops/parked/${parked.view}/${parked.key}`;

async function recorded(): Promise<unknown[]> {
  const events = await h.store.readStream(opsStream('parked'), { limit: 10 });
  return events.map(({ data, metadata }) => [JSON.parse(metadata).actor, JSON.parse(data)]);
}

it('shows operators what is parked, and nobody else', async () => {
  h.parked.list.mockResolvedValue([parked]);
  expect((await h.call('GET', '/v1/ops/parked', { as: olga })).json()).toEqual({ parked: [parked] });
  const admin = await h.person('admin', 'user', 'admin', 'analyst');
  for (const [method, url] of [['GET', '/v1/ops/parked'] as const, ['POST', `${place}/retry`] as const]) {
    expect((await h.call(method, url, { as: admin })).statusCode).toBe(403);
  }
});

it('tries again, and records what became of it', async () => {
  const outcome = { released: [], parked: [parked], pending: [] };
  h.parked.retry.mockResolvedValue(ok(outcome));
  const tried = await h.call('POST', `${place}/retry`, { as: olga, body: { reason: 'to see' } });
  expect([tried.statusCode, tried.json()]).toEqual([200, outcome]);
  h.parked.retry.mockResolvedValue(rejected('not-found', 'nothing is parked'));
  expect((await h.call('POST', '/v1/ops/parked/all/all/retry', { as: olga })).json().code).toBe('not-found');
  const target = `${parked.view} ${parked.key}`;
  const details = { released: 0, parked: 1, pending: 0 };
  expect(await recorded()).toEqual([
    [olga.userId, { action: 'retry', target, outcome: 'asked', reason: 'to see' }],
    [olga.userId, { action: 'retry', target, outcome: 'failed', reason: 'to see', details }],
    [olga.userId, { action: 'retry', target: 'all all', outcome: 'asked' }],
    [olga.userId, { action: 'retry', target: 'all all', outcome: 'not-found' }],
  ]);
});

it('leaves nothing out without a reason', async () => {
  for (const body of [undefined, {}, { reason: '' }]) {
    const refused = await h.call('POST', `${place}/skip`, { as: olga, ...(body && { body }) });
    expect(refused.json()).toMatchObject({ status: 400, code: 'bad-request' });
  }
  expect(await recorded()).toEqual([]);
  h.parked.skip.mockResolvedValue(ok({ released: [parked], parked: [], pending: [] }));
  expect((await h.call('POST', `${place}/skip`, { as: olga, body: { reason: 'damaged' } })).statusCode).toBe(200);
  const by = { actor: olga.userId, reason: 'damaged' };
  expect(h.parked.skip).toHaveBeenCalledWith({ view: parked.view, key: parked.key }, by);
});
