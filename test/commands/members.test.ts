import { describe, expect, test } from 'vitest';
import { directChatId } from '../../events/ids.ts';
import {
  ANN,
  BOB,
  CID,
  createWorld,
  DEE,
  EVE,
  GROUP,
  group,
  NOW,
  registerUsers,
  run,
  ulidAt,
  user,
} from '../support/commands.ts';
import { scenarios } from '../support/scenario.ts';

const OTHER = ulidAt(NOW - 1_000, 2);
const plain = (text: string) => ({ enc: 'plain', text });
const role = (userId: string, name: string) => ({ userId, role: name });
const start = { type: 'start-chat', actor: ANN, kind: 'group', chatId: OTHER, title: 't', members: [BOB] } as const;
const started = (more: object = {}) => [
  {
    type: 'ChatStarted',
    data: {
      kind: 'group',
      title: plain('t'),
      members: [role(ANN, 'admin'), role(BOB, 'member')],
      historyVisibility: 'all',
      pastContent: 'then',
      ...more,
    },
  },
];
const promoteBob = { type: 'put-member', actor: ANN, userId: BOB, role: 'admin' } as const;

describe('starting', () => {
  scenarios([
    { name: 'a group: its starter is the admin', when: start, leadsTo: started() },
    {
      name: 'settings of a group',
      when: { ...start, historyVisibility: 'since-join', pastContent: 'now' },
      leadsTo: started({ historyVisibility: 'since-join', pastContent: 'now' }),
    },
    { name: 'each member once, the starter too', when: { ...start, members: [BOB, ANN, BOB] }, leadsTo: started() },
    { name: 'white space around a title goes', when: { ...start, title: ' t\t' }, leadsTo: started() },
    { name: 'a group needs a title', when: { ...start, title: ' ' }, leadsTo: 'bad-request' },
    { name: 'a title of 201 code points', when: { ...start, title: 'a'.repeat(201) }, leadsTo: 'bad-request' },
    { name: 'a title of two lines', when: { ...start, title: 'a\nb' }, leadsTo: 'bad-request' },
    { name: 'a member who does not exist', when: { ...start, members: [user(99)] }, leadsTo: 'user-not-found' },
    {
      name: 'a group under the id of a direct chat',
      when: { ...start, chatId: directChatId(ANN, BOB) },
      leadsTo: 'bad-request',
    },
    {
      name: 'an id from the future',
      when: { ...start, chatId: ulidAt(NOW + 200_000, 1) },
      leadsTo: 'id-from-the-future',
    },
    {
      name: '10,001 members',
      when: { ...start, members: Array.from({ length: 10_000 }, (_, i) => user(100 + i)) },
      leadsTo: 'group-full',
    },
    {
      name: 'a direct chat has no admin',
      when: { type: 'start-chat', actor: BOB, kind: 'direct', chatId: directChatId(ANN, BOB), members: [ANN] },
      leadsTo: [
        {
          type: 'ChatStarted',
          data: {
            kind: 'direct',
            members: [role(ANN, 'member'), role(BOB, 'member')],
            historyVisibility: 'all',
            pastContent: 'then',
          },
        },
      ],
    },
    {
      name: 'with oneself',
      when: { type: 'start-chat', actor: ANN, kind: 'direct', chatId: directChatId(ANN, ANN), members: [ANN] },
      leadsTo: 'direct-chat',
    },
    {
      name: 'with nobody',
      when: {
        type: 'start-chat',
        actor: ANN,
        kind: 'direct',
        chatId: directChatId(ANN, user(99)),
        members: [user(99)],
      },
      leadsTo: 'user-not-found',
    },
    {
      name: "under others' id",
      when: { type: 'start-chat', actor: ANN, kind: 'direct', chatId: directChatId(BOB, CID), members: [BOB] },
      leadsTo: 'bad-request',
    },
  ]);

  test('the same creation is answered as at first, another under its id is not', async () => {
    const world = createWorld();
    await group(world);
    const first = await run(world, start);
    await run(world, { type: 'rename-chat', actor: ANN, chatId: OTHER, title: 'later' });
    world.time.now += 5_000;
    expect(await run(world, start)).toEqual({ ...(first as object), repeated: true });
    expect(await run(world, { ...start, title: 'u' })).toBe('command-id-reused');
    expect(await run(world, { ...start, members: [BOB, CID] })).toBe('command-id-reused');
    expect(await run(world, { ...start, pastContent: 'now' })).toBe('command-id-reused');
    expect(await run(world, { ...start, actor: BOB, members: [ANN] })).toBe('command-id-reused');
  });

  test('a direct chat that stands is found by both', async () => {
    const world = createWorld();
    await group(world);
    const chatId = directChatId(ANN, BOB);
    const first = await run(world, { type: 'start-chat', actor: ANN, kind: 'direct', chatId, members: [BOB] });
    await run(world, { type: 'send', actor: BOB, chatId, text: 'x' });
    world.time.now += 5_000;
    for (const [actor, peer] of [
      [ANN, BOB],
      [BOB, ANN],
    ] as const) {
      expect(await run(world, { type: 'start-chat', actor, kind: 'direct', chatId, members: [peer] })).toEqual({
        ...(first as object),
        repeated: true,
      });
    }
  });
});

describe('titles, members and roles', () => {
  scenarios([
    {
      name: 'an admin renames',
      when: { type: 'rename-chat', actor: ANN, title: 'h' },
      leadsTo: [{ type: 'ChatRenamed', data: { title: plain('h') } }],
    },
    { name: 'the title it has', when: { type: 'rename-chat', actor: ANN, title: 'g' }, leadsTo: 'nothing' },
    { name: 'a member does not rename', when: { type: 'rename-chat', actor: BOB, title: 'h' }, leadsTo: 'forbidden' },
    {
      name: 'an admin adds',
      when: { type: 'put-member', actor: ANN, userId: DEE },
      leadsTo: [{ type: 'MemberAdded', data: role(DEE, 'member') }],
    },
    {
      name: 'an admin adds an admin',
      when: { type: 'put-member', actor: ANN, userId: DEE, role: 'admin' },
      leadsTo: [{ type: 'MemberAdded', data: role(DEE, 'admin') }],
    },
    { name: 'a member does not add', when: { type: 'put-member', actor: BOB, userId: DEE }, leadsTo: 'forbidden' },
    {
      name: 'a stranger sees no chat',
      when: { type: 'put-member', actor: EVE, userId: EVE },
      leadsTo: 'chat-not-found',
    },
    {
      name: 'adding who does not exist',
      when: { type: 'put-member', actor: ANN, userId: user(99) },
      leadsTo: 'user-not-found',
    },
    { name: 'adding a member', when: { type: 'put-member', actor: ANN, userId: BOB }, leadsTo: 'nothing' },
    {
      name: 'adding an admin anew leaves the role',
      given: [promoteBob],
      when: { type: 'put-member', actor: ANN, userId: BOB },
      leadsTo: 'nothing',
    },
    {
      name: 'the role one has',
      when: { type: 'put-member', actor: ANN, userId: BOB, role: 'member' },
      leadsTo: 'nothing',
    },
    {
      name: 'an admin makes an admin',
      when: promoteBob,
      leadsTo: [{ type: 'MemberRoleChanged', data: role(BOB, 'admin') }],
    },
    { name: 'a member does not make themselves admin', when: { ...promoteBob, actor: BOB }, leadsTo: 'forbidden' },
    {
      name: 'the last admin cannot step down',
      when: { type: 'put-member', actor: ANN, userId: ANN, role: 'member' },
      leadsTo: 'forbidden',
    },
    {
      name: 'one of two admins can',
      given: [promoteBob],
      when: { type: 'put-member', actor: ANN, userId: ANN, role: 'member' },
      leadsTo: [{ type: 'MemberRoleChanged', data: role(ANN, 'member') }],
    },
    {
      name: 'an admin removes',
      when: { type: 'remove-member', actor: ANN, userId: BOB },
      leadsTo: [{ type: 'MemberRemoved', data: { userId: BOB } }],
    },
    {
      name: 'anyone may leave',
      when: { type: 'remove-member', actor: BOB, userId: BOB },
      leadsTo: [{ type: 'MemberRemoved', data: { userId: BOB } }],
    },
    {
      name: 'a member removes nobody else',
      when: { type: 'remove-member', actor: BOB, userId: CID },
      leadsTo: 'forbidden',
    },
    { name: 'removing who is not there', when: { type: 'remove-member', actor: ANN, userId: DEE }, leadsTo: 'nothing' },
    {
      name: 'when the last admin leaves, the longest-standing member takes over',
      when: { type: 'remove-member', actor: ANN, userId: ANN },
      leadsTo: [
        { type: 'MemberRemoved', data: { userId: ANN } },
        { type: 'MemberRoleChanged', data: role(BOB, 'admin') },
      ],
    },
    {
      name: 'who went and came again has stood for less long',
      given: [
        { type: 'remove-member', actor: ANN, userId: BOB },
        { type: 'put-member', actor: ANN, userId: BOB },
      ],
      when: { type: 'remove-member', actor: ANN, userId: ANN },
      leadsTo: [
        { type: 'MemberRemoved', data: { userId: ANN } },
        { type: 'MemberRoleChanged', data: role(CID, 'admin') },
      ],
    },
    {
      name: 'while another admin stands nobody is promoted',
      given: [promoteBob],
      when: { type: 'remove-member', actor: ANN, userId: ANN },
      leadsTo: [{ type: 'MemberRemoved', data: { userId: ANN } }],
    },
    {
      name: 'the last member leaves nobody behind',
      given: [
        { type: 'remove-member', actor: ANN, userId: BOB },
        { type: 'remove-member', actor: ANN, userId: CID },
      ],
      when: { type: 'remove-member', actor: ANN, userId: ANN },
      leadsTo: [{ type: 'MemberRemoved', data: { userId: ANN } }],
    },
  ]);
});

test('a direct chat refuses everything about titles, members and roles', async () => {
  const world = createWorld();
  await group(world);
  const chatId = directChatId(ANN, BOB);
  await run(world, { type: 'start-chat', actor: ANN, kind: 'direct', chatId, members: [BOB] });
  expect(await run(world, { type: 'rename-chat', chatId, actor: ANN, title: 'x' })).toBe('direct-chat');
  expect(await run(world, { type: 'put-member', chatId, actor: ANN, userId: CID })).toBe('direct-chat');
  expect(await run(world, { type: 'remove-member', chatId, actor: ANN, userId: BOB })).toBe('direct-chat');
  expect(await run(world, { type: 'remove-member', chatId, actor: ANN, userId: ANN })).toBe('direct-chat');
  expect(await run(world, { type: 'remove-member', chatId, actor: CID, userId: CID })).toBe('chat-not-found');
});

test('the 10,000th member is let in, the next is not until one goes', async () => {
  const world = createWorld();
  const others = Array.from({ length: 9_998 }, (_, i) => user(100 + i));
  await registerUsers(world.store, ANN, BOB, CID, ...others);
  await run(world, { type: 'start-chat', actor: ANN, kind: 'group', title: 'big', members: others });
  expect(await run(world, { type: 'put-member', actor: ANN, userId: BOB })).toMatchObject({ changed: true });
  expect(await run(world, { type: 'put-member', actor: ANN, userId: CID })).toBe('group-full');
  expect(await run(world, { type: 'put-member', actor: ANN, userId: BOB, role: 'admin' })).toMatchObject({
    changed: true,
  });
  await run(world, { type: 'remove-member', actor: BOB, userId: BOB });
  expect(await run(world, { type: 'put-member', actor: ANN, userId: CID })).toMatchObject({ changed: true });
});

test("a viewer's stays and rights come from the log itself", async () => {
  const world = createWorld();
  await group(world, { historyVisibility: 'since-join' });
  await run(world, { type: 'remove-member', actor: ANN, userId: BOB });
  await run(world, { type: 'put-member', actor: ANN, userId: BOB, role: 'admin' });
  const common = { kind: 'group', historyVisibility: 'since-join', pastContent: 'then', headSeq: 3 };
  expect(await world.commands.access(GROUP, BOB)).toEqual({
    ...common,
    role: 'admin',
    spans: [
      { from: 1, to: 2 },
      { from: 3, to: null },
    ],
  });
  expect(await world.commands.access(GROUP, EVE)).toEqual({ ...common, role: null, spans: [] });
  expect(await world.commands.access(ulidAt(NOW, 9), EVE)).toBeNull();
});
