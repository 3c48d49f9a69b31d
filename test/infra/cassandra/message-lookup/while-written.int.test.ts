import { expect, it } from 'vitest';
import { messageLookup } from '../../../../infra/cassandra/message-lookup/lookup.ts';
import { everythingOf, expectTruth } from '../../../contracts/message-lookup.ts';
import { randomLog } from '../../../support/random-log.ts';
import { seeded } from '../../../support/seeded.ts';
import { feedLog } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';
import { restless } from '../restless.ts';

const SEED = 81;
const keyspace = useKeyspace();

it(`is right as of the seq that it names, at any moment while it is written (seed ${SEED})`, async () => {
  const log = randomLog({ seed: SEED, events: 600 });
  const { cassandra } = keyspace.space();
  const random = seeded(SEED);
  const lookup = messageLookup(cassandra);
  let written = false;
  const writing = feedLog(restless(cassandra, random), log.events, random).finally(() => (written = true));
  const userIds = log.users.map(({ userId }) => userId);
  const seen = new Set<string>();
  while (!written) {
    const chat = random.pick(log.chats);
    const answer = await lookup.find(everythingOf(chat, userIds));
    expectTruth(answer, chat);
    seen.add(`${chat.chatId} ${answer.throughSeq}`);
  }
  await writing;
  expect(seen.size).toBeGreaterThan(5);
});
