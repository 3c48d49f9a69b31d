import { expect, it } from 'vitest';
import { VIEW_TABLES } from '../../../infra/postgres/generations/place.ts';
import { MIGRATIONS } from '../../../infra/postgres/migrations/list.ts';

it('one step makes the tables of views; before another does, generations that are there must be brought along', () => {
  const ofViews = MIGRATIONS.filter(({ statements }) =>
    statements.some((statement) => VIEW_TABLES.some((table) => statement.includes(table))),
  );
  expect(ofViews.map(({ name }) => name)).toEqual(['views']);
  expect(MIGRATIONS.filter(({ views }) => views)).toEqual(ofViews);
});
