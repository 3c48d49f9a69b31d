import { afterEach, beforeEach, expect, it } from 'vitest';
import { rejected } from '../../../events/error-codes.ts';
import { opsStream } from '../../../events/streams.ts';
import type { ProjectionJob } from '../../../gateway/http/ops/port.ts';
import { recordJobEnd } from '../../../gateway/http/ops/recorded.ts';
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
  generations: { live: 1, building: null, previous: null },
};
const job: ProjectionJob = {
  jobId: 'j1',
  name: 'chat-history',
  action: 'rebuild',
  state: 'running',
  phase: 'building',
  progress: 0.5,
  etaS: 3,
  eventsPerSecond: 12_000,
  lagEvents: 36_000,
  lagSeconds: 12.5,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  actor: 'operator',
  reason: null,
  result: null,
  error: null,
};

it('shows the views to operators, to the command line, and to nobody else', async () => {
  const paused = { ...state, name: 'users', state: 'paused' as const };
  h.projections.list.mockResolvedValue([state, paused]);
  for (const as of [olga, operator]) {
    expect((await h.call('GET', '/v1/ops/projections', { as })).json()).toEqual({ projections: [state, paused] });
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

it('takes how it is to be done, and why, and records both', async () => {
  h.projections.rebuild.mockResolvedValue(ok(job));
  const how = { eventsPerSecond: 5_000, share: 0.2, sample: 0.1 };
  const body = { ...how, reason: 'a new column' };
  await h.call('POST', '/v1/ops/projections/all/rebuild', { as: olga, body });
  const by = { actor: olga.userId, reason: 'a new column' };
  expect(h.projections.rebuild).toHaveBeenCalledWith('all', { ...how, by });
  for (const wrong of [{ share: 0 }, { sample: 1.1 }, { eventsPerSecond: 0 }, { rate: 5 }])
    expect((await h.call('POST', '/v1/ops/projections/all/rebuild', { as: olga, body: wrong })).json()).toMatchObject({
      status: 400,
      code: 'bad-request',
    });
  const [asked] = await h.store.readStream(opsStream('projections'), { limit: 10 });
  expect(JSON.parse(asked?.data ?? '')).toEqual({
    action: 'rebuild',
    target: 'all',
    details: how,
    outcome: 'asked',
    reason: 'a new column',
  });
});

it.each(['rollback', 'drop', 'pause', 'resume'] as const)('can be asked to %s', async (action) => {
  h.projections[action].mockResolvedValue(ok(state));
  const done = await h.call('POST', `/v1/ops/projections/users/${action}`, { as: olga, body: { reason: 'so it is' } });
  expect([done.statusCode, done.json()]).toEqual([200, state]);
  expect(h.projections[action]).toHaveBeenCalledWith('users');
});

it('repairs a chat and cancels a job', async () => {
  h.projections.repair.mockResolvedValue(ok({ ...job, action: 'repair' }));
  h.projections.cancel.mockResolvedValue(ok({ ...job, state: 'cancelled' }));
  const chatId = '01HZZZZZZZV000000000000001';
  const repaired = await h.call('POST', `/v1/ops/chats/${chatId}/repair`, { as: olga });
  expect([repaired.statusCode, repaired.json().action]).toEqual([202, 'repair']);
  expect(h.projections.repair).toHaveBeenCalledWith(chatId, { by: { actor: olga.userId } });
  const cancelled = await h.call('POST', '/v1/ops/projections/all/cancel', { as: olga });
  expect([cancelled.statusCode, cancelled.json().state]).toEqual([200, 'cancelled']);
});

it('reads who did what, in pages, by area and time', async () => {
  h.projections.drop.mockResolvedValue(ok(state));
  const act = (reason: string) => h.call('POST', '/v1/ops/projections/users/drop', { as: olga, body: { reason } });
  await act('first');
  const analyst = await h.person('anna', 'user', 'analyst');
  expect((await h.call('GET', '/v1/events', { as: analyst })).statusCode).toBe(200);
  await act('second');
  const ended: ProjectionJob = { ...job, state: 'failed', reason: 'third', error: 'it differs' };
  await recordJobEnd(ended, h.commands.recordOps);
  await recordJobEnd({ ...ended, actor: null }, h.commands.recordOps);
  const seen: [string, unknown, unknown][] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page: { entries: { area: string; data: Record<string, unknown> }[]; next: string | null } = (
      await h.call('GET', `/v1/ops/log?limit=2${next === '' ? '' : `&cursor=${next}`}`, { as: olga })
    ).json();
    seen.push(...page.entries.map(({ area, data }): [string, unknown, unknown] => [area, data.reason, data.outcome]));
    next = page.next;
  }
  expect(seen).toEqual([
    ['projections', 'first', 'asked'],
    ['projections', 'first', 'accepted'],
    ['events', undefined, undefined],
    ['projections', 'second', 'asked'],
    ['projections', 'second', 'accepted'],
    ['projections', 'third', 'failed'],
  ]);
  const read = async (query: string) => (await h.call('GET', `/v1/ops/log?${query}`, { as: olga })).json();
  expect((await read('area=events')).entries).toHaveLength(1);
  expect((await read('to=2020-01-01T00:00:00Z')).entries).toEqual([]);
  expect((await read('from=2020-01-01T00:00:00Z')).entries).toHaveLength(6);
  expect(await read('cursor=nonsense')).toMatchObject({ status: 400 });
  expect((await h.call('GET', '/v1/ops/log', { as: analyst })).json()).toMatchObject({ status: 403 });
});

it('tells how far a job has come', async () => {
  h.projections.job.mockImplementation(async (id) => (id === 'j1' ? job : null));
  expect((await h.call('GET', '/v1/ops/jobs/j1', { as: olga })).json()).toEqual(job);
  h.projections.jobs.mockResolvedValue([job]);
  expect((await h.call('GET', '/v1/ops/jobs', { as: olga })).json()).toEqual({ jobs: [job] });
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
