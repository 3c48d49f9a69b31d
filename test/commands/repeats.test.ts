import { expect, test } from 'vitest';
import type { ChatReply } from '../../commands/index.ts';
import {
  ANN,
  BOB,
  CID,
  createWorld,
  DEE,
  facts,
  group,
  type Loose,
  NOW,
  run,
  ulidAt,
  type World,
} from '../support/commands.ts';
import { foldingLookup } from '../support/folding-lookup.ts';

const M = ulidAt(NOW - 50, 1);
const K = ulidAt(NOW - 40, 2);
const HOUR_MS = 3_600_000;

interface Row {
  name: string;
  first: Loose;
  same?: Loose[];
  others: Loose[];
  code?: string;
}

const base = { commandId: K, actor: ANN } as const;
const send = { type: 'send', commandId: K, actor: BOB, text: '\u00e9', mentions: [ANN], replyTo: M } as const;
const edit = { type: 'edit', ...base, messageId: M, text: 'x' } as const;
const react = { type: 'react', ...base, messageId: M, emoji: '❤️' } as const;
const remove = { type: 'remove-member', ...base, userId: BOB } as const;
const put = { type: 'put-member', ...base, userId: DEE } as const;
const ROWS: Row[] = [
  {
    name: 'send',
    first: send,
    same: [
      { ...send, text: 'e\u0301' },
      { ...send, mentions: [ANN, ANN] },
    ],
    others: [
      { ...send, text: 'e' },
      { ...send, mentions: [] },
      { ...send, replyTo: ulidAt(NOW - 60, 9) },
      { ...send, actor: ANN },
    ],
    code: 'message-id-reused',
  },
  {
    name: 'edit',
    first: edit,
    others: [
      { ...edit, text: 'y' },
      { ...edit, messageId: K },
      { ...edit, actor: BOB },
    ],
  },
  {
    name: 'delete',
    first: { type: 'delete', ...base, messageId: M },
    others: [{ type: 'delete', ...base, messageId: K }],
  },
  {
    name: 'react',
    first: react,
    same: [{ ...react, emoji: '❤' }],
    others: [
      { ...react, emoji: '👍' },
      { ...react, type: 'unreact' },
    ],
  },
  {
    name: 'rename-chat',
    first: { type: 'rename-chat', ...base, title: 'h' },
    same: [{ type: 'rename-chat', ...base, title: ' h ' }],
    others: [{ type: 'rename-chat', ...base, title: 'i' }],
  },
  {
    name: 'put-member',
    first: put,
    same: [{ ...put, role: 'member' }],
    others: [
      { ...put, role: 'admin' },
      { ...put, userId: CID },
    ],
  },
  {
    name: 'put-member of a role',
    first: { ...put, userId: CID, role: 'admin' },
    others: [
      { ...put, userId: CID },
      { ...put, userId: CID, role: 'member' },
    ],
  },
  { name: 'remove-member', first: remove, others: [{ ...remove, userId: CID }] },
];

/** Ann's message M, which all rows are about; then the row's command; then an hour and many events. */
async function played(row: Row): Promise<{ world: World; first: ChatReply }> {
  const world = createWorld();
  await group(world);
  await run(world, { type: 'send', actor: ANN, commandId: M, text: 'm' });
  return { world, first: (await run(world, row.first)) as ChatReply };
}

test.each(ROWS)('$name: the same id and content is answered as at first, anything else refused', async (row) => {
  const { world, first } = await played(row);
  world.time.now += 1_000;
  const before = (await facts(world)).length;
  for (const again of [row.first, ...(row.same ?? [])])
    expect(await run(world, again)).toEqual({ ...first, repeated: true });
  for (const other of row.others) expect(await run(world, other)).toBe(row.code ?? 'command-id-reused');
  expect((await facts(world)).length).toBe(before);
});

test.each(ROWS)('$name: so it is for ever, also after a restart', async (row) => {
  const { world, first } = await played(row);
  await chatter(world, 1_500);
  const lookup = foldingLookup(world.store, (head) => head - 100);
  for (const later of [world, createWorld({ store: world.store, lookup }), createWorld({ store: world.store })]) {
    later.time.now = NOW + HOUR_MS;
    expect(await run(later, row.first)).toEqual({ ...first, repeated: true });
    for (const other of row.others) expect(await run(later, other)).toBe(row.code ?? 'command-id-reused');
  }
  expect(lookup.asked.length).toBeGreaterThan(0);
});

test('a known id is answered before rights are looked at, and when a clock was set back', async () => {
  const world = createWorld();
  await group(world);
  const commandId = ulidAt(NOW + 100_000, 5);
  const first = await run(world, { type: 'send', actor: BOB, commandId, text: 'x' });
  await run(world, { type: 'remove-member', actor: ANN, userId: BOB });
  world.time.now -= 60_000;
  expect(await run(world, { type: 'send', actor: BOB, commandId, text: 'x' })).toEqual({
    ...(first as ChatReply),
    repeated: true,
  });
  expect(await run(world, { type: 'send', actor: BOB, text: 'x' })).toBe('chat-not-found');
});

test('what changed nothing leaves no trace and is decided anew', async () => {
  const world = createWorld();
  await group(world);
  const commandId = world.id();
  expect(await run(world, { type: 'put-member', actor: ANN, userId: BOB, commandId })).toMatchObject({
    changed: false,
  });
  await run(world, { type: 'remove-member', actor: ANN, userId: BOB });
  expect(await run(world, { type: 'put-member', actor: ANN, userId: BOB, commandId })).toMatchObject({ changed: true });
});

test('the id of one that let two things happen stands for the first', async () => {
  const world = createWorld();
  await group(world);
  const leave = { type: 'remove-member', actor: ANN, userId: ANN, commandId: K } as const;
  const first = await run(world, leave);
  expect(first).toMatchObject({ seq: 2 });
  const again = { ...(first as ChatReply), repeated: true, position: expect.any(String) };
  expect(await run(world, leave)).toEqual(again);
  expect(await run(createWorld({ store: world.store }), leave)).toEqual(again);
});

/** Lets an hour pass with so many sends, so that what came before lies before the window. */
async function chatter(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i += 50) {
    world.time.now += (50 * HOUR_MS) / count;
    await Promise.all(Array.from({ length: 50 }, () => run(world, { type: 'send', actor: CID, text: 'x' })));
  }
}
