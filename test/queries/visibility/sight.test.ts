import { expect, test } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { seenEvent, sightOf } from '../../../queries/index.ts';
import { withoutWords } from '../../../queries/visibility/index.ts';

const event = (seq: number, type: string, data: object): ChatEvent =>
  ({ chatId: 'C', seq, type, data, position: `e-${seq}`, actor: 'A', at: 'T' }) as unknown as ChatEvent;
const away = sightOf({
  historyVisibility: 'since-join',
  pastContent: 'then',
  spans: [
    { from: 10, to: 20 },
    { from: 30, to: null },
  ],
});

test.each([
  ['before the first coming nothing comes at all', event(9, 'MessageSent', {}), null],
  ['the own coming', event(10, 'MemberAdded', {}), 'MemberAdded'],
  ['the own leaving', event(20, 'MemberRemoved', {}), 'MemberRemoved'],
  ['in a gap', event(21, 'MessageSent', {}), 'Hidden'],
  ['the coming back', event(30, 'MemberAdded', {}), 'MemberAdded'],
  ['a change in a gap of a message seen', event(25, 'MessageEdited', { messageSeq: 15 }), 'Hidden'],
  ['a change seen of a message from a gap', event(35, 'ReactionAdded', { messageSeq: 25 }), 'Hidden'],
  ['a change seen of a message from before', event(35, 'MessageEdited', { messageSeq: 5 }), 'Hidden'],
  ['a change in another stay of a message seen', event(35, 'MessageEdited', { messageSeq: 15 }), 'MessageEdited'],
  ['a deletion in a gap of a message seen', event(25, 'MessageDeleted', { messageSeq: 15 }), 'MessageDeleted'],
  ['a deletion of a message from a gap', event(35, 'MessageDeleted', { messageSeq: 25 }), 'Hidden'],
  ['a change of a kind that is not known yet', event(35, 'MessagePinned', { messageSeq: 25 }), 'Hidden'],
])('%s', (_, given, type) => {
  expect(seenEvent(away, given)?.type ?? null).toBe(type);
});

test('what is seen unchanged is the event itself, so that one encoding serves everyone', () => {
  const plain = event(31, 'MessageSent', { text: 'x', replyTo: { messageId: 'M', seq: 15 } });
  expect(seenEvent(away, plain)).toBe(plain);
  const answer = event(31, 'MessageSent', { text: 'x', replyTo: { messageId: 'M', seq: 25 } });
  expect(seenEvent(away, answer)).toMatchObject({ data: { text: 'x', replyTo: null } });
});

test('without its words an event still says who did what to which message', () => {
  const origin = { source: 'irc', id: '1', at: 'T', author: 'mara' };
  const files = [{ fileId: 'F', name: 'secret.txt', mediaType: 'text/plain', sizeBytes: 1 }];
  const cases: [ChatEvent, object][] = [
    [
      event(2, 'MessageSent', { messageId: 'M', number: 1, text: 'secret', files, origin }),
      {
        messageId: 'M',
        number: 1,
        text: '',
        withheld: 'hidden',
        files: [{ ...files[0], name: '' }],
        origin: { ...origin, author: '' },
      },
    ],
    [
      event(3, 'MessageEdited', { messageId: 'M', messageSeq: 2, rev: 2, text: 'secret' }),
      { messageId: 'M', messageSeq: 2, rev: 2, text: '', withheld: 'hidden' },
    ],
    [event(1, 'ChatStarted', { kind: 'group', title: 'secret' }), { kind: 'group', title: '', withheld: 'hidden' }],
    [event(1, 'ChatStarted', { kind: 'direct' }), { kind: 'direct' }],
    [event(4, 'ChatRenamed', { title: 'secret' }), { title: '', withheld: 'hidden' }],
    [event(5, 'MemberAdded', { userId: 'U', role: 'member' }), { userId: 'U', role: 'member' }],
    [
      event(6, 'NotKnownYet', { messageId: 'M', messageSeq: 2, rev: 3, poll: 'secret' }),
      { messageId: 'M', messageSeq: 2, rev: 3, withheld: 'hidden' },
    ],
  ];
  for (const [given, data] of cases) expect(withoutWords(given, 'hidden').data).toEqual(data);
});
