import { spawnSync } from 'node:child_process';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { ircLogs } from '../support/irc-logs.ts';
import { call, type SignedIn, signUp } from '../support/protocol-client.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { ensure, type Part, scaled } from './part.ts';

const PAGES = 1_000;
const CHANGES = 5_000;
const PAGE_MESSAGES = 50;
const CHANGES_AT_ONCE = 8;
const EMOJIS = ['👍', '🎉', '❤️', '😂'];

interface Line {
  chatId: string;
  seq: number;
  type: string;
  at: string;
  actor: string;
  data: { messageId: string; text: string; emoji: string };
}

/** A message as this part folds it, by itself, from the events. */
interface Folded {
  messageId: string;
  seq: number;
  text: string;
  deleted: boolean;
  reactions: Map<string, Set<string>>;
}

export const asOfPart: Part = {
  name: 'as-of',
  what: 'all logs imported, changed at random, and random pages as of n held against a fold of events 1..n',
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const server = await startServerProcess({ env: { HINDSIGHT_ACCESS_TOKEN_S: '86400' } });
    const ada = await signUp(server.http, 'ada');
    const ben = await signUp(server.http, 'ben');
    const { chatId, imported } = importLogs(server.data);
    say(`${imported} events imported`);
    await change({ server, chatId, random, users: [ada, ben] }, scaled(CHANGES, share));
    const events = await allEvents(server, chatId, ada);
    const points = Array.from({ length: scaled(PAGES, share) }, () => 1 + random.below(events.length)).sort(
      (a, b) => a - b,
    );
    await checkPages({ server, chatId, viewer: ada }, events, points);
    ensure((await server.stop()) === 0, 'the server did not stop cleanly');
    return { imported, events: events.length, pages: points.length };
  },
};

function importLogs(data: string): { chatId: string; imported: number } {
  const files = ircLogs().days.map(({ path }) => path);
  const done = spawnSync(
    process.execPath,
    [
      'bin/hindsight.mjs',
      'import',
      'irc',
      '--chat',
      '#ubuntu',
      '--member',
      'ada',
      '--member',
      'ben',
      '--json',
      ...files,
    ],
    { cwd: PACKAGE_ROOT, env: { ...process.env, HINDSIGHT_DATA: data }, encoding: 'utf8', maxBuffer: 64 * 1_048_576 },
  );
  ensure(done.status === 0, `import: exit ${done.status}\n${done.stderr}`);
  const report = JSON.parse(done.stdout) as { chatId: string; appended: number };
  return { chatId: report.chatId, imported: report.appended };
}

interface World {
  server: ServerProcess;
  chatId: string;
  random: Seeded;
  users: SignedIn[];
}

/** Edits of own messages, deletions, reactions come and gone, on messages old and new. */
async function change(world: World, count: number): Promise<void> {
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

async function expectOk(answering: ReturnType<typeof call>, alsoFine: readonly number[] = []): Promise<void> {
  const answer = await answering;
  ensure(answer.status < 300 || alsoFine.includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
}

async function allEvents(server: ServerProcess, chatId: string, viewer: SignedIn): Promise<Line[]> {
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

async function checkPages(
  world: { server: ServerProcess; chatId: string; viewer: SignedIn },
  events: readonly Line[],
  points: readonly number[],
): Promise<void> {
  const order: Folded[] = [];
  const byId = new Map<string, Folded>();
  let folded = 0;
  for (const n of points) {
    for (; folded < n; folded++) fold(events[folded] as Line, order, byId);
    const at = (events[n - 1] as Line).at;
    const page = await call<{ asOf: { seq: number; at: string }; messages: unknown[] }>(
      world.server.http,
      `/v1/chats/${world.chatId}/messages?asOf=${n}&limit=${PAGE_MESSAGES}`,
      { token: world.viewer.accessToken },
    );
    ensure(page.status === 200, `as of ${n}: ${page.status} ${JSON.stringify(page.body)}`);
    ensure(
      page.body.asOf.seq === n && page.body.asOf.at === at,
      `as of ${n}: pinned at ${JSON.stringify(page.body.asOf)}, the event is of ${at}`,
    );
    const wanted = JSON.stringify(order.slice(-PAGE_MESSAGES).map(plainly));
    const found = JSON.stringify(page.body.messages.map((message) => shown(message as Shown)));
    ensure(wanted === found, `as of ${n}: the fold says\n${wanted}\nthe page says\n${found}`);
  }
}

function fold(event: Line, order: Folded[], byId: Map<string, Folded>): void {
  const { messageId, text, emoji } = event.data;
  const message = byId.get(messageId);
  if (event.type === 'MessageSent') {
    const sent = { messageId, seq: event.seq, text, deleted: false, reactions: new Map<string, Set<string>>() };
    order.push(sent);
    byId.set(messageId, sent);
  } else if (message === undefined) return;
  else if (event.type === 'MessageEdited') message.text = text;
  else if (event.type === 'MessageDeleted') Object.assign(message, { text: '', deleted: true, reactions: new Map() });
  else if (event.type === 'ReactionAdded')
    message.reactions.set(emoji, (message.reactions.get(emoji) ?? new Set()).add(event.actor));
  else if (event.type === 'ReactionRemoved') {
    message.reactions.get(emoji)?.delete(event.actor);
    if (message.reactions.get(emoji)?.size === 0) message.reactions.delete(emoji);
  }
}

interface Shown {
  messageId: string;
  seq: number;
  text: string;
  deleted: boolean;
  reactions: { emoji: string; count: number; userIds: string[] }[];
}

const plainly = ({ messageId, seq, text, deleted, reactions }: Folded): unknown[] => [
  messageId,
  seq,
  text,
  deleted,
  [...reactions].map(([emoji, users]) => [emoji, users.size, [...users]]),
];

const shown = ({ messageId, seq, text, deleted, reactions }: Shown): unknown[] => [
  messageId,
  seq,
  text,
  deleted,
  reactions.map(({ emoji, count, userIds }) => [emoji, count, userIds]),
];
