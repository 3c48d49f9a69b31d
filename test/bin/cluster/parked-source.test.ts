import { expect, it } from 'vitest';
import { parkedSource } from '../../../bin/cluster/parked-source.ts';
import type { Generation } from '../../../projections/generations/ports.ts';
import { UNBOUNDED } from '../../../projections/partitions/pace.ts';
import { memoryParking } from '../../support/memory/parking.ts';

const generation = (n: number, state: Generation['state']): Generation => {
  return { group: 'chat-history', generation: n, state, ready: true, ...UNBOUNDED };
};
const event = { partition: 0, key: 'a', stream: 'chat-a', revision: 7, position: 70, type: 'MessageSent', error: 'no' };
const TERM = 0;

it('calls what is read by its group, before a rebuild and after it, and asks for that', async () => {
  const parking = memoryParking();
  for (const group of ['chat-history', 'chat-history@3', 'deliveries']) await parking.park({ ...event, group }, TERM);
  let live: Generation[] = [generation(1, 'live'), generation(3, 'building')];
  const source = parkedSource(parking, { list: async () => live });
  const groups = async () => (await source.list()).map(({ group }) => group).toSorted();
  expect(await groups()).toEqual(['chat-history', 'chat-history@3', 'deliveries']);
  await source.ask('chat-history', 'a');
  expect(await parking.asked('chat-history', 0)).toHaveLength(1);
  expect(await parking.asked('chat-history@3', 0)).toEqual([]);

  live = [generation(1, 'previous'), generation(3, 'live')];
  expect(await groups()).toEqual(['chat-history', 'chat-history@1', 'deliveries']);
  await source.ask('chat-history', 'a');
  expect(await parking.asked('chat-history@3', 0)).toHaveLength(1);
  expect(await source.ask('chat-history@1', 'a')).toBe(2);
  expect(await source.ask('deliveries', 'a')).toBe(1);
});

it('knows the views of a group, whatever its generation', () => {
  const source = parkedSource(memoryParking(), { list: async () => [] });
  expect(source.viewsOf('user-chats@2')).toEqual(['user-chats', 'members', 'users']);
  expect(source.viewsOf('deliveries')).toEqual([]);
});
