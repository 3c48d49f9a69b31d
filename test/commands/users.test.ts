import { expect, test } from 'vitest';
import { decode } from '../../events/codec.ts';
import { usernameStream, userStream } from '../../events/streams.ts';
import { ANN, BOB, createWorld, NOW, ulidAt, type World } from '../support/commands.ts';
import { faulty } from '../support/faulty-event-store.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

const register = async (
  world: World,
  more: { userId?: string; username?: string; displayName?: string; commandId?: string } = {},
) => {
  const command = { userId: ANN, username: 'ann', displayName: 'Ann', password: true, commandId: world.id(), ...more };
  return codeOr(await world.commands.registerUser(command));
};
const codeOr = <T>(outcome: { ok: true; value: T } | { ok: false; rejection: { code: string } }): T | string =>
  outcome.ok ? outcome.value : outcome.rejection.code;

test('a user registers once under a name, however it is spelt', async () => {
  const world = createWorld();
  expect(await register(world, { username: 'ＡNN_1.x', displayName: ' Ann \u0301' })).toEqual({
    userId: ANN,
    username: 'ann_1.x',
    displayName: 'Ann \u0301',
    version: 1,
    repeated: false,
  });
  expect(await register(world, { userId: BOB, username: 'Ann_1.X' })).toBe('username-taken');
  expect(await world.commands.userNamed('aNN_1.x')).toBe(ANN);
  expect(await world.commands.userNamed('bob')).toBeNull();
  expect(await world.commands.userNamed('?')).toBeNull();
  expect(await world.commands.profile(BOB)).toBeNull();
  expect(await world.commands.profile(ANN)).toMatchObject({ roles: ['user'], password: true, version: 1 });
});

test.each(['ab', 'a'.repeat(33), 'a b', 'ä_x', 'a-b', ''])('%j is no username', async (username) => {
  expect(await register(createWorld(), { username })).toBe('bad-request');
});

test.each(['', '   ', 'a'.repeat(101), 'a\nb', 'a\0b', 'a\udc00'])('%j is no display name', async (displayName) => {
  expect(await register(createWorld(), { displayName })).toBe('bad-request');
});

test('the same registration is answered as at first, another for the same user is not', async () => {
  const world = createWorld();
  await register(world);
  expect(await register(world)).toMatchObject({ version: 1, repeated: true });
  expect(await register(world, { displayName: 'Anna' })).toBe('command-id-reused');
  expect(await register(world, { username: 'anna' })).toBe('command-id-reused');
  expect(await world.commands.userNamed('anna')).toBeNull();
});

test('of twenty who want one name at once, one gets it', async () => {
  const world = createWorld();
  const all = await Promise.all(Array.from({ length: 20 }, () => register(world, { userId: world.id() })));
  expect(all.filter((answer) => answer === 'username-taken')).toHaveLength(19);
});

test('a registration that stopped half-way is finished by its user, or after a while by another', async () => {
  let dead = true;
  const plain = createMemoryEventStore({ clock: () => NOW });
  const store = faulty(plain, ({ stream }) => (dead && stream === userStream(ANN) ? 'unavailable' : 'fine'));
  const world = createWorld({ store });
  const lost = register(world);
  await world.timer.run();
  expect(await lost).toBe('unavailable');
  expect(await world.commands.userNamed('ann')).toBeNull();
  dead = false;
  expect(await register(world, { userId: BOB })).toBe('username-taken');
  expect(await register(world)).toMatchObject({ repeated: false });

  dead = true;
  const other = register(world, { userId: ANN, username: 'other' });
  expect(await other).toBe('command-id-reused');
  const late = createWorld({
    store: faulty(plain, ({ stream }) => (stream === userStream(BOB) ? 'unavailable' : 'fine')),
  });
  const abandoned = register(late, { userId: BOB, username: 'bobby' });
  await late.timer.run();
  await abandoned;
  world.time.now += 600_001;
  const eve = world.id();
  expect(await register(world, { userId: eve, username: 'bobby' })).toMatchObject({ userId: eve });
  expect(await world.commands.userNamed('bobby')).toBe(eve);
  expect(await register(world, { userId: BOB, username: 'bobby' })).toBe('username-taken');
  expect(await plain.readStream(usernameStream('bobby'), { limit: 9 })).toHaveLength(2);
});

test('a name that was reserved by who then took another stands for nobody', async () => {
  let dead = true;
  const plain = createMemoryEventStore({ clock: () => NOW });
  const store = faulty(plain, ({ stream }) => (dead && stream === userStream(ANN) ? 'unavailable' : 'fine'));
  const world = createWorld({ store });
  const lost = register(world, { username: 'first' });
  await world.timer.run();
  await lost;
  dead = false;
  await register(world, { username: 'second' });
  expect(await world.commands.userNamed('second')).toBe(ANN);
  expect(await world.commands.userNamed('first')).toBeNull();
});

test('a display name changes against its version', async () => {
  const world = createWorld();
  await register(world);
  const rename = async (displayName: string, version?: number, commandId = world.id()) =>
    codeOr(
      await world.commands.renameUser({
        userId: ANN,
        displayName,
        commandId,
        ...(version === undefined ? {} : { version }),
      }),
    );
  const id = world.id();
  expect(await rename('Anna', 1, id)).toMatchObject({ displayName: 'Anna', version: 2 });
  expect(await rename('Annie', 1)).toBe('version-conflict');
  expect(await rename('Annie')).toMatchObject({ displayName: 'Annie', version: 3 });
  expect(await rename('Anna', 1, id)).toMatchObject({ displayName: 'Anna', version: 2 });
  expect(await rename('Other', 1, id)).toBe('command-id-reused');
  expect(await rename('Annie', 3)).toMatchObject({ version: 3 });
  expect(await rename('')).toBe('bad-request');
  expect(codeOr(await world.commands.renameUser({ userId: BOB, displayName: 'B', commandId: world.id() }))).toBe(
    'user-not-found',
  );
  expect(await world.store.readStream(userStream(ANN), { limit: 10 })).toHaveLength(3);
});

test('roles and passwords leave the version alone, and no secret in the log', async () => {
  const world = createWorld();
  await register(world);
  const commandId = world.id();
  expect(codeOr(await world.commands.passwordChanged({ userId: ANN, commandId }))).toMatchObject({ version: 1 });
  expect(codeOr(await world.commands.passwordChanged({ userId: ANN, commandId }))).toMatchObject({ version: 1 });
  const give = async (...roles: ('ops' | 'analyst')[]) =>
    codeOr(await world.commands.setRoles({ actor: BOB, userId: ANN, roles, commandId: world.id() }));
  expect(await give('ops', 'analyst', 'ops')).toEqual({ roles: ['user', 'analyst', 'ops'] });
  expect(await give('analyst', 'ops')).toEqual({ roles: ['user', 'analyst', 'ops'] });
  expect(await world.commands.profile(ANN)).toMatchObject({ roles: ['user', 'analyst', 'ops'], version: 1 });
  const events = (await world.store.readStream(userStream(ANN), { limit: 10 })).map(decode);
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['UserRegistered', { username: 'ann', displayName: { enc: 'plain', text: 'Ann' }, password: true }],
    ['UserPasswordChanged', {}],
    ['UserRolesSet', { roles: ['user', 'analyst', 'ops'] }],
  ]);
});

test('what operators do is recorded, by several at once too', async () => {
  const world = createWorld();
  const entry = {
    actor: ANN,
    area: 'events',
    type: 'EventsRead',
    data: { content: false, filter: { chatId: 'x' } },
  } as const;
  await Promise.all([
    world.commands.recordOps(entry),
    world.commands.recordOps(entry),
    world.commands.recordOps(entry),
  ]);
  const events = (await world.store.readStream('ops-events', { limit: 10 })).map(decode);
  expect(events.map(({ known, data, metadata }) => [known, data, metadata.actor])).toEqual(
    Array(3).fill([true, entry.data, ANN]),
  );
});

test('what an operator does is not done where it cannot be recorded', async () => {
  const world = createWorld({ store: faulty(createMemoryEventStore({ clock: () => NOW }), () => 'unavailable') });
  const recording = world.commands.recordOps({ actor: ANN, area: 'events', type: 'EventsRead', data: {} });
  const refused = expect(recording).rejects.toMatchObject({ code: 'unavailable' });
  await world.timer.run();
  await refused;
});

test('a new id from the future is refused and leaves nothing behind; a known one is answered', async () => {
  const world = createWorld();
  const ahead = ulidAt(NOW + 120_001, 1);
  expect(await register(world, { commandId: ahead })).toBe('id-from-the-future');
  expect(await register(world, { userId: BOB })).toMatchObject({ username: 'ann' });
  const rename = (displayName: string, commandId: string) =>
    world.commands.renameUser({ userId: BOB, displayName, commandId }).then(codeOr);
  expect(await rename('B', ahead)).toBe('id-from-the-future');
  expect(codeOr(await world.commands.passwordChanged({ userId: BOB, commandId: ahead }))).toBe('id-from-the-future');
  const barely = ulidAt(NOW + 120_000, 1);
  expect(await rename('B', barely)).toMatchObject({ displayName: 'B' });
  world.time.now -= 1_000;
  expect(await rename('B', barely)).toMatchObject({ displayName: 'B', version: 2 });
});
