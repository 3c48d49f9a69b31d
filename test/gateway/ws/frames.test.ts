import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANN, BOB, GROUP, NOW, ulidAt } from '../../support/commands.ts';
import { type Frame, openSocket, type TestSocket } from '../../support/protocol-client.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();
const SEED = Number(process.env['HINDSIGHT_SEED'] ?? 20_261_121);
const FUZZ_FRAMES = 3_000;

describe.each(adapters)('frames that no client should send, on $adapter', (adapter) => {
  let w: GatewayWorld;
  let ann: TestSocket;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    ann = await w.follow(ANN);
  });
  afterEach(() => w.close());

  const answer = async (frame: object): Promise<Frame> => {
    const id = `x${Math.random()}`;
    ann.sendRaw(JSON.stringify({ id, ...frame }));
    return ann.until((got) => got['id'] === id);
  };

  test('a frame of more than 64 KiB closes with 4413', async () => {
    ann.sendRaw(JSON.stringify({ id: 1, op: 'send', chatId: GROUP, text: 'x'.repeat(65_536) }));
    expect(await ann.closed).toBe(4413);
  });

  test('a frame of exactly 64 KiB is read', async () => {
    const frame = { id: 1, op: 'ping', pad: '' };
    frame.pad = 'x'.repeat(65_536 - JSON.stringify(frame).length);
    ann.sendRaw(JSON.stringify(frame));
    expect(await ann.until(({ id }) => id === 1)).toMatchObject({ error: { code: 'bad-request' } });
  });

  test.each([
    ['not JSON', 'hello'],
    ['no object', '[]'],
    ['no id', '{"op":"ping"}'],
    ['an empty id', '{"id":"","op":"ping"}'],
    ['an id that is an object', '{"id":{},"op":"ping"}'],
    ['binary', Buffer.from('{"id":1,"op":"ping"}')],
  ])('ten unreadable frames in a row close with 4400: %s', async (_, frame) => {
    for (let i = 0; i < 9; i++) ann.sendRaw(frame);
    expect(await ann.request('ping')).toMatchObject({ ok: true });
    for (let i = 0; i < 10; i++) ann.sendRaw(frame);
    expect(await ann.closed).toBe(4400);
  });

  test('a frame that is too deep, or broken, is answered where its id can be read', async () => {
    const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
    ann.sendRaw(`{"id":"deep","op":"send","chatId":${deep}}`);
    ann.sendRaw('{"id":42,"op":"send",');
    for (const id of ['deep', 42]) {
      expect(await ann.until((frame) => frame['id'] === id)).toMatchObject({
        ok: false,
        error: { code: 'bad-request' },
      });
    }
    expect(await answer({ op: 'ping' })).toMatchObject({ ok: true });
  });

  test('keys that reach for a prototype are refused, and change nothing', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
      const id = `p${key}`.replace('\\', '');
      ann.sendRaw(`{"id":"${id}","op":"sync","chats":{"${key}":{"admin":true}}}`);
      expect(await ann.until((frame) => frame['id'] === id)).toMatchObject({ error: { code: 'bad-request' } });
    }
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test('a message may speak of __proto__', async () => {
    expect(await answer({ op: 'send', chatId: GROUP, text: '{"__proto__": 1}' })).toMatchObject({ ok: true });
  });

  test(`hostile frames never crash it, and each with an id is answered (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const asked = new Set<string>();
    let socket = ann;
    for (let i = 0; i < FUZZ_FRAMES; i++) {
      const id = `f${i}`;
      const text = hostile(random, id);
      if (Buffer.byteLength(text) > 65_536) continue;
      if (hasId(text, id)) asked.add(id);
      socket.sendRaw(text);
      if (i % 5 === 4) await socket.request('ping'); // a readable one in between, so that the socket stays open
    }
    const answered = new Set(socket.frames.filter(({ id }) => typeof id === 'string').map(({ id }) => String(id)));
    const open = [...asked].filter((id) => !answered.has(id));
    await Promise.all(open.map((id) => socket.until((frame) => frame['id'] === id)));
    expect(asked.size).toBeGreaterThan(FUZZ_FRAMES / 4);
    expect(w.logged.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await (await openSocket(w.url, w.token(BOB))).request('ping')).toMatchObject({ ok: true });
  });
});

test('a flood is refused with rate-limited, and closed with 4429 when it goes on', async () => {
  const [adapter] = adapters;
  if (!adapter) throw new Error('no adapter');
  const w = await startWorld({ adapter, rateLimits: true });
  try {
    const ann = await w.open(ANN);
    for (let i = 0; i < 2_000; i++) ann.sendRaw(`{"id":${i},"op":"ping"}`);
    expect(await ann.until(({ ok }) => ok === false)).toMatchObject({
      error: { code: 'rate-limited', retryable: true },
    });
    expect(await ann.closed).toBe(4429);
  } finally {
    await w.close();
  }
});

test('a socket with too many open requests is told busy', async () => {
  const [adapter] = adapters;
  if (!adapter) throw new Error('no adapter');
  const w = await startWorld({ adapter });
  try {
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    const ann = await w.follow(ANN);
    w.store.faults.pause();
    const answers = Array.from({ length: 300 }, (_, i) => ann.request('send', { chatId: GROUP, text: `m${i}` }));
    await ann.request('ping');
    w.store.faults.resume();
    const codes = (await Promise.all(answers)).map(({ ok, error }) =>
      ok === true ? 'ok' : (error as { code: string }).code,
    );
    expect(codes.slice(0, 256).every((code) => code === 'ok')).toBe(true);
    expect(codes.slice(256).every((code) => code === 'busy')).toBe(true);
  } finally {
    await w.close();
  }
});

const OPS = ['send', 'edit', 'delete', 'react', 'unreact', 'read', 'delivered', 'chats', 'history', 'sync', 'replay'];
const MORE_OPS = ['replay-control', 'auth', 'ping', 'typing', 'presence', 'toString', '__proto__', ''];
const KEYS = [
  'chatId',
  'messageId',
  'text',
  'emoji',
  'seq',
  'chats',
  'since',
  'limit',
  'from',
  'to',
  'speed',
  'replayId',
];

function hostile(random: Seeded, id: string): string {
  const frame: Record<string, unknown> = { id, op: random.pick([...OPS, ...OPS, ...MORE_OPS]) };
  for (let n = random.below(5); n > 0; n--) frame[random.pick([...KEYS, 'constructor', 'x'])] = value(random, 3);
  const text = JSON.stringify(frame);
  if (random.chance(0.1)) return text.slice(0, random.below(text.length));
  if (random.chance(0.1)) return `${text.slice(0, -1)},"deep":${'['.repeat(random.below(100))}`;
  if (random.chance(0.05)) return JSON.stringify(value(random, 2));
  return text;
}

function value(random: Seeded, depth: number): unknown {
  const some: unknown[] = [
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    Number.MAX_SAFE_INTEGER + 2,
    '',
    'x',
    '\u0000',
    '\ud800',
    '🙂'.repeat(9_000),
    GROUP,
    ANN,
    ulidAt(NOW, random.below(100)),
    ulidAt(2 ** 47, 1),
    `dm.${ANN}.${BOB}`,
    `dm.${BOB}.${ANN}`,
    'e1-5',
    'e1-zzzzzzzzz',
    "'; DROP TABLE x",
    '2026-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    { [GROUP]: random.below(9) },
    { [GROUP]: -1 },
  ];
  if (depth > 0 && random.chance(0.2)) return [value(random, depth - 1), value(random, depth - 1)];
  if (depth > 0 && random.chance(0.2)) return { [random.pick(KEYS)]: value(random, depth - 1) };
  return random.pick(some);
}

function hasId(text: string, id: string): boolean {
  try {
    return (JSON.parse(text) as { id?: unknown } | null)?.id === id;
  } catch {
    return false;
  }
}
