import { afterEach, beforeEach, expect, it } from 'vitest';
import { rejected } from '../../../events/error-codes.ts';
import { opsStream } from '../../../events/streams.ts';
import { createHarness, type Harness, ok, type Person } from './harness.ts';

let h: Harness;
let olga: Person;
let operator: Person;
beforeEach(async () => {
  h = await createHarness();
  olga = await h.person('olga', 'user', 'ops');
  operator = { userId: 'operator', username: '', accessToken: await h.auth.operatorToken(), refreshToken: '' };
});
afterEach(() => h.close());

const state = {
  name: 'chat-history',
  state: 'live' as const,
  position: 'e-1',
  lagEvents: 0,
  lagSeconds: 0,
  progress: null,
  etaS: null,
};
const job = {
  jobId: 'j1', name: 'chat-history', action: 'rebuild' as const, state: 'running' as const, progress: 0.5, etaS: 3, startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null, result: null, error: null,
}; // biome-ignore format: one job

it('shows the views to operators, to the command line, and to nobody else', async () => {
  const failed = { ...state, name: 'users', state: 'failed' as const, error: 'why it has failed' };
  h.projections.list.mockResolvedValue([state, failed]);
  for (const as of [olga, operator]) {
    expect((await h.call('GET', '/v1/ops/projections', { as })).json()).toEqual({ projections: [state, failed] });
  }
  const admin = await h.person('admin', 'user', 'admin', 'analyst');
  expect((await h.call('GET', '/v1/ops/projections', { as: admin })).json()).toMatchObject({
    status: 403,
    code: 'forbidden',
  });
});

it('does what is asked, and records it before', async () => {
  h.projections.rebuild.mockResolvedValue(ok(job));
  const rebuilt = await h.call('POST', '/v1/ops/projections/chat-history/rebuild', { as: olga });
  expect([rebuilt.statusCode, rebuilt.json()]).toEqual([202, job]);
  h.projections.pause.mockResolvedValue(rejected('not-found', 'no view of that name'));
  expect((await h.call('POST', '/v1/ops/projections/nope/pause', { as: operator })).json().code).toBe('not-found');
  const recorded = await h.store.readStream(opsStream('projections'), { limit: 10 });
  expect(recorded.map(({ data, metadata }) => [JSON.parse(metadata).actor, JSON.parse(data)])).toEqual([
    [olga.userId, { action: 'rebuild', target: 'chat-history', outcome: 'asked' }],
    [olga.userId, { action: 'rebuild', target: 'chat-history', outcome: 'accepted' }],
    ['operator', { action: 'pause', target: 'nope', outcome: 'asked' }],
    ['operator', { action: 'pause', target: 'nope', outcome: 'not-found' }],
  ]);
});

it('tells how far a job has come', async () => {
  h.projections.job.mockImplementation(async (id) => (id === 'j1' ? job : null));
  expect((await h.call('GET', '/v1/ops/jobs/j1', { as: olga })).json()).toEqual(job);
  expect((await h.call('GET', '/v1/ops/jobs/j2', { as: olga })).json()).toMatchObject({
    status: 404,
    code: 'not-found',
  });
});

it('keeps the command line’s token out of everything else', async () => {
  for (const url of ['/v1/me', '/v1/chats', '/v1/users?query=olga']) {
    expect((await h.call('GET', url, { as: operator })).json()).toMatchObject({ status: 401, code: 'unauthenticated' });
  }
  expect((await h.call('GET', '/v1/events', { as: operator })).json().code).toBe('forbidden');
});
