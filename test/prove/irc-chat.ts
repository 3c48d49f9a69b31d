import { createUlidFactory } from '../../infra/system/ids.ts';
import { hindsightJson } from '../support/cli.ts';
import { call, type SignedIn } from '../support/protocol-client.ts';
import type { Seeded } from '../support/seeded.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { ensure } from './part.ts';

const CHANGES_AT_ONCE = 8;
const EMOJIS = ['👍', '🎉', '❤️', '😂'];

export interface Line {
  chatId: string;
  seq: number;
  type: string;
  at: string;
  actor: string;
  data: { messageId: string; text: string; emoji: string };
}

/** Imports day logs into one group of ada and ben, in a process of its own. */
export async function importLogs(
  data: string,
  { files, title = '#ubuntu' }: { files: readonly string[]; title?: string },
): Promise<{ chatId: string; imported: number }> {
  const verb = ['import', 'irc', '--chat', title, '--member', 'ada', '--member', 'ben', ...files];
  const { chatId, appended } = await hindsightJson<{ chatId: string; appended: number }>(verb, { data });
  return { chatId, imported: appended };
}

export interface ChangedChat {
  server: ServerProcess;
  chatId: string;
  random: Seeded;
  users: SignedIn[];
}

/** Edits of own messages, deletions, reactions come and gone, on messages old and new. */
export async function changeAtRandom(world: ChangedChat, count: number): Promise<void> {
  const { server, chatId, random, users } = world;
  const targets = (await allEvents(server, chatId, users[0] as SignedIn))
    .filter(({ type }) => type === 'MessageSent')
    .map(({ data }) => data.messageId);
  const own: { user: SignedIn; messageId: string }[] = [];
  const ulid = createUlidFactory();
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const user = random.pick(users);
      const path = `/v1/chats/${chatId}/messages`;
      const messageId = random.pick(targets);
      const dice = random.below(10);
      if (dice < 2) {
        const id = ulid();
        await expectOk(
          call(server.http, path, { token: user.accessToken, body: { messageId: id, text: `said ${left}` } }),
        );
        own.push({ user, messageId: id });
        targets.push(id);
      } else if (dice < 4 && own.length > 0) {
        const mine = random.pick(own);
        await expectOk(
          call(server.http, `${path}/${mine.messageId}`, {
            method: 'PATCH',
            token: mine.user.accessToken,
            body: { text: `edited ${left}` },
          }),
          [409],
        );
      } else if (dice < 5)
        await expectOk(call(server.http, `${path}/${messageId}`, { method: 'DELETE', token: user.accessToken }));
      else {
        const method = dice < 8 ? 'PUT' : 'DELETE';
        const emoji = encodeURIComponent(random.pick(EMOJIS));
        await expectOk(
          call(server.http, `${path}/${messageId}/reactions/${emoji}`, { method, token: user.accessToken }),
          [409],
        );
      }
    }
  };
  await Promise.all(Array.from({ length: CHANGES_AT_ONCE }, lane));
}

export async function expectOk(answering: ReturnType<typeof call>, alsoFine: readonly number[] = []): Promise<void> {
  const answer = await answering;
  ensure(answer.status < 300 || alsoFine.includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
}

export async function allEvents(server: ServerProcess, chatId: string, viewer: SignedIn): Promise<Line[]> {
  const events: Line[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: { status: number; body: { events: Line[]; next: number | null } } = await call(
      server.http,
      `/v1/chats/${chatId}/events?after=${after}&limit=1000`,
      {
        token: viewer.accessToken,
      },
    );
    ensure(page.status === 200, `events: ${page.status} ${JSON.stringify(page.body)}`);
    events.push(...page.body.events);
    after = page.body.next;
  }
  return events;
}
