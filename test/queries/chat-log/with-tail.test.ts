import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { chatLogReader } from '../../../queries/chat-log/log-reader.ts';
import type { ChatLogReader } from '../../../queries/chat-log/view.ts';
import { withTail } from '../../../queries/chat-log/with-tail.ts';
import { chatLogContract } from '../../contracts/chat-log.ts';
import { arrayLog } from '../../support/array-log.ts';
import { hotMessage } from '../../support/hot-message.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';

const SEED = 47;

/** A view that only ever holds more, as long as nobody throws it away. */
function growing(events: readonly RecordedEvent[], random: Seeded): ChatLogReader {
  let through = 0;
  const now = (): ChatLogReader => {
    through = Math.min(events.length, through + random.below(3));
    return chatLogReader(arrayLog(events.slice(0, through)));
  };
  return {
    events: (...asked) => now().events(...asked),
    head: (...asked) => now().head(...asked),
    atOf: (...asked) => now().atOf(...asked),
    seqAt: (...asked) => now().seqAt(...asked),
  };
}

describe('over a view that grows while it is read', () => {
  const random = seeded(SEED);
  chatLogContract(async (events) => withTail(growing(events, random), chatLogReader(arrayLog([...events]))));
});

describe('over a view that holds nothing', () => {
  chatLogContract(async (events) => withTail(chatLogReader(arrayLog()), chatLogReader(arrayLog([...events]))));
});

describe('over a view that holds all', () => {
  chatLogContract(async (events) => {
    const log = chatLogReader(arrayLog([...events]));
    return withTail(log, log);
  });
});

describe(`what the log is asked for (seed ${SEED})`, () => {
  const { chat, events } = hotMessage({ changes: 900, seed: SEED });
  const { chatId } = chat;

  it('is nothing where the view holds the answer', async () => {
    const held = chatLogReader(arrayLog(events.slice(0, 600)));
    const view = withTail(held, refusing);
    expect(await view.events(chatId, { after: 100, limit: 50 })).toHaveLength(50);
    expect(await view.events(chatId, { after: 100, limit: 1_000, through: 600 })).toHaveLength(500);
    expect(await view.atOf(chatId, 600)).toBe(chat.events[599]?.at);
    const instant = chat.events[300]?.at ?? '';
    const last = chat.events.findLast(({ at }) => at === instant);
    expect(await view.seqAt(chatId, Date.parse(instant))).toEqual({ seq: last?.seq, at: instant });
  });

  it('is found however far behind the view is', async () => {
    const log = chatLogReader(arrayLog(events));
    for (const held of [0, 1, 100, 800, events.length]) {
      const view = withTail(chatLogReader(arrayLog(events.slice(0, held))), log);
      for (const { at } of chat.events.filter(({ seq }) => seq % 7 === 0)) {
        for (const time of [Date.parse(at) - 1, Date.parse(at)]) {
          expect(await view.seqAt(chatId, time)).toEqual(await log.seqAt(chatId, time));
        }
      }
    }
  });
});

const refusing: ChatLogReader = {
  events: () => Promise.reject(new Error('the log was asked')),
  head: () => Promise.reject(new Error('the log was asked')),
  atOf: () => Promise.reject(new Error('the log was asked')),
  seqAt: () => Promise.reject(new Error('the log was asked')),
};
