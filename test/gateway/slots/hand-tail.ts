import type { Link, TopicTail } from '../../../events/backplane.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { chatStream, revisionOf } from '../../../events/streams.ts';
import { GROUP } from '../../support/commands.ts';

/** A tail whose links the test hands over itself. */
export interface HandTail extends TopicTail {
  readonly followed: number[][];
  give(slot: number, ...links: Link[]): void;
  fail(error: Error): void;
}

export function handTail(): HandTail {
  const followed: number[][] = [];
  let taker: (partition: number, links: readonly Link[]) => void = () => undefined;
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  return {
    followed,
    async follow(partitions) {
      followed.push([...partitions]);
    },
    run(take) {
      taker = take;
      return new Promise((resolve, reject) => {
        end = resolve;
        fail = reject;
      });
    },
    async close() {
      end();
    },
    give: (slot, ...links) => taker(slot, links),
    fail: (error) => fail(error),
  };
}

export const chatEvent = (seq: number, position: number, chatId: string = GROUP): RecordedEvent => ({
  stream: chatStream(chatId),
  revision: revisionOf(seq),
  position,
  recordedAt: 0,
  eventId: `${chatId}-${seq}`,
  type: 'MessageSent',
  data: '{}',
  metadata: '{}',
});

/** A link of source 0, unless it says otherwise. */
export const link = (after: number, position: number, more: Partial<Link> = {}): Link => ({
  source: 0,
  after,
  position,
  event: null,
  ...more,
});
