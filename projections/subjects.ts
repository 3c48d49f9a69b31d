import type { ChatId, UserId } from '../events/ids.ts';
import { categoryOf, chatOf, receiptsOf, userStream } from '../events/streams.ts';

/** What the events of a stream are about; an id that is not part of it is empty. */
export interface Subject {
  readonly category: 'chat' | 'receipts' | 'user';
  readonly chatId: ChatId;
  readonly userId: UserId;
}

/** Streams remembered: the ids of a stream that is met again are the same strings, quick to look up by. */
const REMEMBERED_MAX = 100_000;
const USER_STREAM = userStream('');

/** Null for streams that no view folds. */
export function createSubjects(): (stream: string) => Subject | null {
  const known = new Map<string, Subject | null>();
  return (stream) => {
    const remembered = known.get(stream);
    if (remembered !== undefined) return remembered;
    const subject = subjectOf(stream);
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(stream, subject);
    return subject;
  };
}

function subjectOf(stream: string): Subject | null {
  const category = categoryOf(stream);
  switch (category) {
    case 'chat':
      return { category, chatId: chatOf(stream) ?? '', userId: '' };
    case 'receipts':
      return { category, ...(receiptsOf(stream) ?? { chatId: '', userId: '' }) };
    case 'user':
      return { category, chatId: '', userId: stream.slice(USER_STREAM.length) };
    default:
      return null;
  }
}
