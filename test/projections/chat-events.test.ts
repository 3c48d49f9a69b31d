import { expect, it } from 'vitest';
import { partitionKeyOf } from '../../events/partition.ts';
import { eventsOfChat } from '../../projections/chat-events.ts';
import { arrayLog } from '../support/array-log.ts';
import { randomLog } from '../support/random-log.ts';
import { seeded } from '../support/seeded.ts';

const SEED = 23;

it(`a chat is read with the receipts of everybody in it, in the order of the log, up to any place (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const { events, chats } = randomLog({ seed: SEED, events: 6_000 });
  const head = events.at(-1)?.position ?? 0;
  const log = arrayLog(events);
  for (const { chatId } of chats) {
    for (const until of [1, head, random.below(head), random.below(head)]) {
      const found: number[] = [];
      for await (const page of eventsOfChat(log, chatId, until)) found.push(...page.map(({ position }) => position));
      const own = events.filter(({ stream, position }) => partitionKeyOf(stream) === chatId && position <= until);
      expect(found).toEqual(own.map(({ position }) => position));
    }
  }
});
