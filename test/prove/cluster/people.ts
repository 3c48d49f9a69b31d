import { createUlidFactory } from '../../../infra/system/ids.ts';
import { call, type SignedIn, signIn, TEST_PASSWORD } from '../../support/protocol-client.ts';
import type { Seeded } from '../../support/seeded.ts';
import { ensure } from '../part.ts';
import { NotNow, patiently } from './patiently.ts';
import type { RoleProcess } from './role-process.ts';

const ulid = createUlidFactory();

/** Names one of the processes for HTTP at each call; throws where that one has been killed and is not there again. */
export function anyHttp(processes: readonly RoleProcess[], random: Seeded): () => string {
  const all = processes.filter(({ role }) => role === 'http');
  return () => random.pick(all).server().http;
}

/** Signs somebody up, patiently: on a busy machine no gateway may be there at first. */
export function newUser(http: () => string, username: string): Promise<SignedIn> {
  const body = { username, password: TEST_PASSWORD, displayName: username };
  let known = false;
  return patiently(async () => {
    try {
      known ||= [201, 409].includes((await call(http(), '/v1/users', { body })).status); // 409: of a try before
      ensure(known, `${username} was not let in`);
      return await signIn(http(), username);
    } catch (error) {
      throw new NotNow(String(error));
    }
  });
}

export async function startGroup(
  http: () => string,
  title: string,
  [owner, ...others]: readonly SignedIn[],
): Promise<string> {
  ensure(owner !== undefined, `${title} has no members`);
  const chatId = ulid();
  const body = { kind: 'group', chatId, title, members: others.map(({ userId }) => userId) };
  await patiently(async () => {
    const started = await call(http(), '/v1/chats', { token: owner.accessToken, body });
    if (started.status >= 500) throw new NotNow(`${title}: ${started.status}`); // its id is its idempotency key
    ensure(started.status <= 201, `${title}: ${started.status} ${JSON.stringify(started.body)}`);
  });
  return chatId;
}
