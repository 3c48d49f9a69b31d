import { createUlidFactory } from '../../infra/system/ids.ts';
import type { Frame } from '../support/protocol-client.ts';
import type { Seeded } from '../support/seeded.ts';

/** What a client that means no good, or is broken, might send. */
export interface Target {
  random: Seeded;
  chatId: string;
}

const ulid = createUlidFactory();

const OPS = [
  'send',
  'edit',
  'delete',
  'react',
  'unreact',
  'read',
  'delivered',
  'chats',
  'history',
  'sync',
  'replay',
  'replay-control',
  'auth',
  'ping',
  'typing',
  'presence',
  'nonsense',
];

/** A frame, and the id under which it must be answered; null where it cannot be. */
export function hostileFrame(world: Target): { text: string | Buffer; id: string | null } {
  const { random } = world;
  const id = ulid();
  switch (random.below(8)) {
    case 0:
      return { text: garbage(random, random.below(200)), id: null };
    case 1:
      return { text: `{"id":"${id}","op":"send","chatId":${'['.repeat(random.below(2_000))}`, id: null };
    case 2:
      return { text: `{"id":"${id}","op":"${random.pick(OPS)}","__proto__":{"admin":true}}`, id };
    case 3:
      return { text: JSON.stringify({ id, op: random.pick(OPS), chatId: 'x'.repeat(random.below(70_000)) }), id: null };
    case 4:
      return {
        text: JSON.stringify({ id: random.pick([{}, [], null, 1.5, '', 'x'.repeat(65)]), op: 'ping' }),
        id: null,
      };
    default:
      return { text: JSON.stringify({ id, op: random.pick(OPS), ...fields(world) }), id };
  }
}

const NAMES = [
  'chatId',
  'messageId',
  'text',
  'emoji',
  'seq',
  'limit',
  'before',
  'after',
  'asOf',
  'chats',
  'since',
  'replayId',
  'from',
  'to',
  'speed',
  'accessToken',
  'mentions',
  'fileIds',
  'replyTo',
  'commandId',
  'action',
  'userIds',
  'surprise',
];

export function fields(world: Target): Frame {
  const picked = Array.from({ length: world.random.below(6) }, () => world.random.pick(NAMES));
  return Object.fromEntries(picked.map((name) => [name, hostileValue(world)]));
}

export function hostileValue({ random, chatId }: Target): unknown {
  const values: unknown[] = [
    chatId,
    chatId,
    ulid(),
    null,
    -1,
    0,
    1.5,
    2 ** 53,
    Number.MAX_VALUE,
    true,
    '',
    ' ',
    '\u0000',
    '\ud800',
    'a'.repeat(9_000),
    '👍',
    '👍👍',
    '🏴‍☠️',
    '../../etc/passwd',
    "' OR 1=1 --",
    '<script>alert(1)</script>',
    '$where',
    { $gt: '' },
    [[[[]]]],
    { __proto__: null },
    ['x'],
    '2024-02-30T00:00:00Z',
    '9'.repeat(400),
    'dm.A.B',
    `dm.${ulid()}.${ulid()}`,
    '‮',
    'Ａ',
    '{{7*7}}',
    '%00',
    '\r\nSet-Cookie: a=b',
  ];
  return random.pick(values);
}

export const garbage = (random: Seeded, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));

export const PATHS = [
  '/v1/users',
  '/v1/sessions',
  '/v1/sessions/refresh',
  '/v1/me',
  '/v1/me/password',
  '/v1/chats',
  '/v1/events',
  '/v1/ops/projections',
  '/v1/users/:x',
  '/v1/chats/:x',
  '/v1/chats/:x/messages',
  '/v1/chats/:x/messages/:x',
  '/v1/chats/:x/messages/:x/reactions/:x',
  '/v1/chats/:x/messages/:x/versions',
  '/v1/chats/:x/diff',
  '/v1/chats/:x/events',
  '/v1/chats/:x/receipts',
  '/v1/chats/:x/members',
  '/v1/chats/:x/members/:x',
  '/v1/:x',
  '/:x',
];
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];
export const QUERIES = [
  'limit',
  'before',
  'after',
  'asOf',
  'from',
  'to',
  'cursor',
  'minPosition',
  'query',
  'changedAfter',
  'emoji',
  'until',
  'type',
];

export const printable = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(/[\ud800-\udfff]/g, '?');
};
