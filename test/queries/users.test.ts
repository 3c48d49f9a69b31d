import { expect, test } from 'vitest';
import { createQueries, type UserSearch } from '../../queries/index.ts';
import { createNaiveViews, type NaiveViews } from '../support/naive-views.ts';
import { userId } from '../support/random-chat.ts';
import { codeOf, valueOf } from './suite.ts';

function withUsers(): NaiveViews {
  const views = createNaiveViews();
  const names = ['mara', 'marco', 'mario', 'tamara', 'ben'];
  for (const [i, username] of names.entries())
    views.addUser({ userId: userId(i), username, displayName: `${username} X` });
  views.addUser({ userId: userId(50), username: null, displayName: 'Marvin|away' });
  return views;
}
const find = async (
  views: NaiveViews,
  query: string,
  more: { cursor?: string; limit?: number; userSearch?: UserSearch } = {},
) => {
  const { userSearch = 'prefix', limit = 10, ...rest } = more;
  return createQueries({ ...views.deps, userSearch }).users({ query, limit, ...rest });
};

test('users are found by the beginning of a name, or by a part where that is allowed', async () => {
  const views = withUsers();
  const names = async (query: string, userSearch: UserSearch): Promise<string[]> =>
    valueOf(await find(views, query, { userSearch })).users.map(({ displayName }) => displayName);
  expect(await names('MAR', 'prefix')).toEqual(['Marvin|away', 'mara X', 'marco X', 'mario X']);
  expect(await names('ara', 'part')).toEqual(['mara X', 'tamara X']);
  expect(await names('ara', 'prefix')).toEqual([]);
});

test('a list of users is paged', async () => {
  const views = withUsers();
  const first = valueOf(await find(views, 'mar', { limit: 3 }));
  const second = valueOf(await find(views, 'mar', { limit: 3, cursor: first.next ?? '' }));
  expect([...first.users, ...second.users].map(({ username }) => username)).toEqual(['', 'mara', 'marco', 'mario']);
  expect(second.next).toBeNull();
});

test('short queries are refused, and every one where search is off', async () => {
  const views = withUsers();
  expect(codeOf(await find(views, 'ma '))).toBe('bad-request');
  expect(codeOf(await find(views, '👍👍'))).toBe('bad-request');
  expect(codeOf(await find(views, 'mar', { userSearch: 'off' }))).toBe('forbidden');
});

test('one user is found by id, or is not there', async () => {
  const queries = createQueries(withUsers().deps);
  expect(valueOf(await queries.user(userId(0)))).toMatchObject({
    userId: userId(0),
    username: 'mara',
    displayName: 'mara X',
  });
  expect(codeOf(await queries.user(userId(77)))).toBe('user-not-found');
});
