import { ircLogs } from '../support/irc-logs.ts';
import { call, type SignedIn, signUp } from '../support/protocol-client.ts';
import { seeded } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { allEvents, changeAtRandom, importLogs, type Line } from './irc-chat.ts';
import { ensure, type Part, scaled } from './part.ts';

const PAGES = 1_000;
const CHANGES = 5_000;
const PAGE_MESSAGES = 50;

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
    const { chatId, imported } = await importLogs(server.data, { files: ircLogs().days.map(({ path }) => path) });
    say(`${imported} events imported`);
    await changeAtRandom({ server, chatId, random, users: [ada, ben] }, scaled(CHANGES, share));
    const events = await allEvents(server, chatId, ada);
    const points = Array.from({ length: scaled(PAGES, share) }, () => 1 + random.below(events.length)).sort(
      (a, b) => a - b,
    );
    await checkPages({ server, chatId, viewer: ada }, events, points);
    ensure((await server.stop()) === 0, 'the server did not stop cleanly');
    return { imported, events: events.length, pages: points.length };
  },
};

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
