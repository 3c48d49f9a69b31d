import { createUlidFactory } from '../../../infra/system/ids.ts';
import { call, type SignedIn, signUp } from '../../support/protocol-client.ts';
import { type Seeded } from '../../support/seeded.ts';
import { launchServer, type ServerProcess } from '../../support/server-process.ts';
import { changeAtRandom, expectOk, importLogs } from '../irc-chat.ts';
import { ensure } from '../part.ts';

export const USERNAMES = ['ada', 'ben', 'cyn'] as const;
const EMOJIS = ['👍', '🎉', '❤️', '😂', '🚀', '👀'];

export interface SceneOptions {
  readonly data: string;
  readonly random: Seeded;
  /** Day logs: all go into one group, and each into a group of its own. */
  readonly files: readonly string[];
  /** Edits, deletions and reactions, spread over the one group. */
  readonly changes: number;
  /** Changes of one and the same message: enough of them, and its state is folded. */
  readonly heat: number;
  /** In a group whose members come and go, and do not see what was said while they were away. */
  readonly comings: number;
  readonly say: (text: string) => void;
}

export const SERVER_ENV = { HINDSIGHT_ACCESS_TOKEN_S: '86400' };

/** An embedded run, from an empty data folder to a server that has stopped. */
export async function playScene(options: SceneOptions): Promise<{ chats: string[] }> {
  const server = await launchServer({ data: options.data, env: SERVER_ENV }).ready;
  try {
    const chats = await play(server, options);
    ensure((await server.stop()) === 0, 'the embedded server did not stop cleanly');
    return { chats };
  } finally {
    await server.kill();
  }
}

async function play(server: ServerProcess, { data, random, files, say, ...counts }: SceneOptions): Promise<string[]> {
  const users = await Promise.all(USERNAMES.map((username) => signUp(server.http, username)));
  const [ada, ben] = users as [SignedIn, SignedIn];
  const { chatId, imported } = await importLogs(data, { files });
  say(`${files.length} logs imported into one group: ${imported} events`);
  const chats = [chatId];
  for (const file of files) chats.push((await importLogs(data, { files: [file], title: nameOf(file) })).chatId);
  await changeAtRandom({ server, chatId, random, users: [ada, ben] }, counts.changes);
  await heatUp({ server, chatId, users: [ada, ben], random }, counts.heat);
  chats.push(await comeAndGo({ server, users, random }, counts.comings));
  for (const { accessToken } of [ada, ben]) {
    const body = { readSeq: 1 + random.below(imported) };
    await expectOk(call(server.http, `/v1/chats/${chatId}/receipts`, { method: 'PUT', token: accessToken, body }));
  }
  return chats;
}

const nameOf = (file: string): string => `#ubuntu ${/(\d{4}-\d{2}-\d{2}[^/.]*)[^/]*$/.exec(file)?.[1] ?? file}`;

const ulid = createUlidFactory();

interface Room {
  server: ServerProcess;
  users: SignedIn[];
  random: Seeded;
}

/** One message that everybody has to do with. */
async function heatUp({ server, chatId, users, random }: Room & { chatId: string }, changes: number): Promise<void> {
  const [author] = users as [SignedIn];
  const messageId = ulid();
  const path = `/v1/chats/${chatId}/messages`;
  await expectOk(call(server.http, path, { token: author.accessToken, body: { messageId, text: 'hot' } }));
  for (let n = 0; n < changes; n++) {
    const { accessToken: token } = random.pick(users);
    if (random.chance(0.2)) {
      const body = { text: `hot ${n}` };
      await expectOk(call(server.http, `${path}/${messageId}`, { method: 'PATCH', token: author.accessToken, body }));
      continue;
    }
    const emoji = encodeURIComponent(random.pick(EMOJIS));
    const method = random.chance(0.5) ? 'PUT' : 'DELETE';
    await expectOk(call(server.http, `${path}/${messageId}/reactions/${emoji}`, { method, token }));
  }
}

/** The first user stays, the others come, talk, and go. */
async function comeAndGo({ server, users, random }: Room, steps: number): Promise<string> {
  const [owner, ...others] = users as [SignedIn, ...SignedIn[]];
  const chatId = ulid();
  const path = `/v1/chats/${chatId}`;
  const group = { kind: 'group', chatId, title: 'comings and goings', historyVisibility: 'since-join' };
  const body = { ...group, pastContent: 'now', members: others.map(({ userId }) => userId) };
  await expectOk(call(server.http, '/v1/chats', { token: owner.accessToken, body }));
  const present = new Set(users);
  for (let n = 0; n < steps; n++) {
    const dice = random.below(20);
    const user = random.pick(others);
    const token = owner.accessToken;
    if (dice === 0) {
      await expectOk(call(server.http, path, { method: 'PATCH', token, body: { title: `title ${n}` } }));
    } else if (dice < 3) {
      const method = present.has(user) ? 'DELETE' : 'PUT';
      const role = method === 'PUT' && { body: { role: random.pick(['admin', 'member']) } };
      await expectOk(call(server.http, `${path}/members/${user.userId}`, { method, token, ...role }));
      if (method === 'PUT') present.add(user);
      else present.delete(user);
    } else {
      const { accessToken } = random.pick([...present]);
      const messageId = ulid();
      const said = { messageId, text: `${n} – “quoted” \\ and \u0007 so on` };
      await expectOk(call(server.http, `${path}/messages`, { token: accessToken, body: said }));
      if (dice < 6) await expectOk(call(server.http, `${path}/messages/${messageId}`, { method: 'DELETE', token }));
    }
  }
  for (const user of others.filter((other) => !present.has(other))) {
    const body = { role: 'member' };
    const member = `${path}/members/${user.userId}`;
    await expectOk(call(server.http, member, { method: 'PUT', token: owner.accessToken, body }));
  }
  return chatId;
}
