import pg from 'pg';
import { expect, it } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { failureOf } from '../../../infra/postgres/failures.ts';

function serverError(code: string, severity = 'ERROR'): Error {
  return Object.assign(new pg.DatabaseError('of the server', 13, 'error'), { code, severity });
}
const socketError = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

it.each([
  ['40001', 'busy'],
  ['40P01', 'busy'],
  ['55P03', 'busy'],
  ['57014', 'busy'],
  ['53200', 'busy'],
  ['53300', 'unavailable'],
  ['53100', 'full'],
  ['25006', 'unavailable'],
  ['57P01', 'unavailable'],
  ['57P02', 'unavailable'],
  ['57P03', 'unavailable'],
  ['57P05', 'unavailable'],
  ['08006', 'unavailable'],
  ['58030', 'unavailable'],
])('takes %s for %s, for a while', (state, code) => {
  expect(failureOf(serverError(state), 'unavailable')).toMatchObject({ code, temporary: true });
});

it('takes damage for lasting', () => {
  expect(failureOf(serverError('XX001'), 'unavailable')).toMatchObject({ code: 'corrupt', temporary: false });
});

it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])(
  'takes %s for a lost connection',
  (code) => {
    expect(failureOf(socketError(code), 'unavailable')).toMatchObject({ code: 'unavailable', temporary: true });
    expect(failureOf(socketError(code), 'unknown')).toMatchObject({ code: 'unknown', temporary: true });
  },
);

it.each([
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Connection terminated',
])('takes the driver’s "%s" for a lost connection', (message) => {
  expect(failureOf(new Error(message), 'unknown')).toMatchObject({ code: 'unknown', temporary: true });
});

it('says that it was closed, once it was', () => {
  const error = failureOf(new Error('Cannot use a pool after calling end on the pool'), 'unavailable');
  expect(error).toMatchObject({ code: 'closed', temporary: false });
});

it('hands on what is nobody’s outage as it is', () => {
  for (const error of [
    serverError('23505'),
    serverError('42601'),
    new TypeError('x'),
    new StoreError('full', 'y'),
    7,
  ]) {
    expect(failureOf(error, 'unavailable')).toBe(error);
  }
});
