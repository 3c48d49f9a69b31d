import { expect, test } from 'vitest';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { parkedReader } from '../../../infra/postgres/parked-reader.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import type { ParkedEvent } from '../../../projections/parking/ports.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();
const TERM = 0;

const event = (more: Partial<ParkedEvent>): ParkedEvent => ({
  group: 'user-chats',
  partition: 0,
  key: 'A',
  stream: 'chat-A',
  revision: 7,
  position: 70,
  type: 'MessageSent',
  error: 'why not',
  ...more,
});

test('chats that are parked in what is read, where the first of their views stopped', async () => {
  const postgres = database.open();
  const checkpoints = createCheckpoints(postgres);
  for (const group of ['chat-history', 'user-chats', 'user-chats@2', 'deliveries'] as const)
    await checkpoints.prepare(group, 1);
  const parking = createParking(postgres);
  const park = (more: Partial<ParkedEvent>) => parking.park(event(more), TERM);
  await park({});
  await park({ group: 'chat-history', position: 60 });
  await park({ group: 'user-chats@2', key: 'B' });
  await park({ group: 'deliveries', key: 'C' });
  await park({ key: 'user-D' });
  const read = parkedReader(postgres);
  expect(await read.all()).toEqual([{ chatId: 'A', position: 60, since: expect.any(Number) }]);
  expect(await read.of('A')).toMatchObject({ position: 60 });
  expect(await read.of('B')).toBeNull();
  await postgres.execute(`UPDATE generations SET state = 'previous' WHERE grp = 'user-chats'`);
  await postgres.execute(
    `INSERT INTO generations (grp, generation, state, ready) VALUES ('user-chats', 2, 'live', true)`,
  );
  expect((await parkedReader(postgres).all()).map(({ chatId }) => chatId)).toEqual(['A', 'B']);
});
