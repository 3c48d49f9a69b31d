import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatId, directChatId, directMembers, isChatId, isUlid, Ulid, ulidTime } from '../../events/ids.ts';
import { encodePosition, parsePosition } from '../../events/position.ts';
import {
  categoryOf,
  chatOf,
  chatStream,
  opsStream,
  receiptsOf,
  receiptsStream,
  revisionOf,
  seqOf,
  usernameStream,
  userStream,
} from '../../events/streams.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulids = fc
  .tuple(
    fc.constantFrom(...'01234567'.split('')),
    fc.string({ unit: fc.constantFrom(...CROCKFORD.split('')), minLength: 25, maxLength: 25 }),
  )
  .map(([first, rest]) => first + rest);
const A = '01HQ3ZS5X0AAAAAAAAAAAAAAAA';
const B = '01HQ3ZS5X0BBBBBBBBBBBBBBBB';

describe('ULIDs', () => {
  test('are 26 upper-case characters of base 32 that fit into 128 bits', () => {
    fc.assert(fc.property(ulids, (ulid) => isUlid(ulid) && Ulid.safeParse(ulid).success));
    for (const none of [
      '',
      A.toLowerCase(),
      A.slice(1),
      `${A}A`,
      ` ${A}`,
      `${A}\n`,
      `8${A.slice(1)}`,
      A.replace('H', 'I'),
      A.replace('H', 'L'),
      A.replace('H', 'O'),
      A.replace('H', 'U'),
      A.replace('H', 'Ħ'),
    ]) {
      expect([none, isUlid(none), isChatId(none)]).toEqual([none, false, false]);
    }
  });

  test('carry their time', () => {
    expect(ulidTime('01ARYZ6S41TSV4RRFFQ69G5FAV')).toBe(1_469_918_176_385);
    expect(ulidTime('0'.repeat(26))).toBe(0);
    expect(ulidTime(`7${'Z'.repeat(25)}`)).toBe(2 ** 48 - 1);
  });

  test('sort as their times do', () => {
    fc.assert(
      fc.property(ulids, ulids, (one, other) => {
        if (ulidTime(one) < ulidTime(other)) expect(one < other).toBe(true);
      }),
    );
  });
});

describe('direct chats', () => {
  test('two users have one, whoever asks, and it names both ascending', () => {
    fc.assert(
      fc.property(ulids, ulids, (one, other) => {
        fc.pre(one !== other);
        const chatId = directChatId(one, other);
        expect(directChatId(other, one)).toBe(chatId);
        expect(directMembers(chatId)).toEqual([one, other].toSorted());
        expect(isChatId(chatId) && ChatId.safeParse(chatId).success).toBe(true);
      }),
    );
  });

  test('nobody has one with themselves; descending, nested or lower case it is no id', () => {
    for (const none of [
      `dm.${A}.${A}`,
      `dm.${B}.${A}`,
      `DM.${A}.${B}`,
      `dm.${A}`,
      `dm.${A}.${B}.${B}`,
      `dm.${A}.${B.toLowerCase()}`,
      `dm${A}.${B}`,
      `${A}.${B}`,
    ]) {
      expect([none, isChatId(none), directMembers(none)]).toEqual([none, false, null]);
    }
    expect(directMembers(A)).toBeNull();
  });
});

describe('positions', () => {
  test('come back as they went, with their epoch', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-Za-z]{1,32}$/), fc.maxSafeNat(), (epoch, position) => {
        expect(parsePosition(encodePosition(epoch, position))).toEqual({ epoch, position });
      }),
    );
  });

  test('what is none is told apart, beyond the safe integers too', () => {
    for (const none of [
      '',
      '-',
      'e1',
      'e1-',
      '-1',
      'e1-1-2',
      'e1-A',
      'e1- 1',
      'e1-1\n',
      'é-1',
      `${'e'.repeat(33)}-1`,
      'e1-zzzzzzzzzzz',
    ]) {
      expect([none, parsePosition(none)]).toEqual([none, null]);
    }
  });
});

describe('streams', () => {
  test('name their category before the first hyphen', () => {
    const names = [
      chatStream(A),
      userStream(A),
      usernameStream('a-b'),
      receiptsStream(A, B),
      opsStream('x-y'),
      'plain',
    ];
    expect(names.map(categoryOf)).toEqual(['chat', 'user', 'username', 'receipts', 'ops', 'plain']);
  });

  test('tell whose they are', () => {
    fc.assert(
      fc.property(ulids, ulids, ulids, (one, other, user) => {
        fc.pre(one !== other);
        for (const chatId of [one, directChatId(one, other)]) {
          expect(chatOf(chatStream(chatId))).toBe(chatId);
          expect(receiptsOf(receiptsStream(chatId, user))).toEqual({ chatId, userId: user });
          expect(receiptsOf(chatStream(chatId))).toBeNull();
          expect(chatOf(receiptsStream(chatId, user))).toBeNull();
        }
      }),
    );
  });

  test('count from nought, seqs from one', () => {
    expect([seqOf(0), revisionOf(1), revisionOf(seqOf(41))]).toEqual([1, 0, 41]);
  });
});
