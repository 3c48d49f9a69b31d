import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Hindsight, type SeenEvent } from '../../client/sdk/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';

const PASSWORD = 'a long enough password';

interface Person {
  client: Hindsight;
  userId: string;
  seen: SeenEvent[];
}

let server: ServerProcess;
const people: Person[] = [];

async function join(name: string): Promise<Person> {
  const client = connect({ url: server.http });
  const seen: SeenEvent[] = [];
  client.sync.events.on('event', (event) => seen.push(event));
  const username = `${name}.${client.newId().toLowerCase().slice(-8)}`;
  const { userId } = await client.session.register({ username, password: PASSWORD, displayName: name });
  const ready = client.sync.events.once('caughtUp');
  await client.session.signIn({ username, password: PASSWORD });
  await ready;
  const person = { client, userId, seen };
  people.push(person);
  return person;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

const seqsOf = ({ seen }: Person, chatId: string): number[] =>
  seen.filter((event) => event.chatId === chatId).map(({ seq }) => seq);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe('the client and the real server', () => {
  const data = temporaryFolder();
  const env: Record<string, string> = {};
  beforeAll(async () => {
    // Ports that stay the same: the server comes back where its clients look for it.
    for (const name of ['HINDSIGHT_PORT', 'HINDSIGHT_GATEWAY_PORT']) env[name] = String(await freePort());
    server = await startServerProcess({ data, env });
  });
  afterAll(async () => {
    for (const { client } of people) client.close();
    await server.stop();
  });

  it('a conversation of two, seen whole by both, then and now', async () => {
    const [ada, ben] = [await join('Ada'), await join('Ben')];
    const { chatId } = await ada.client.api.startChat({ kind: 'group', title: 'Harbour', members: [ben.userId] });
    const first = await ada.client.queue.send(chatId, { text: 'The boat comes at noon' }).reply;
    const messageId = first.messageId ?? '';
    await ada.client.commands.edit(chatId, messageId, 'The boat comes at one');
    await ben.client.commands.react(chatId, messageId, '👍');
    const answer = await ben.client.queue.send(chatId, { text: 'I shall be there', replyTo: messageId }).reply;
    await expect.poll(() => seqsOf(ada, chatId)).toEqual(upTo(answer.seq));
    await expect.poll(() => seqsOf(ben, chatId)).toEqual(upTo(answer.seq));

    const chat = ben.client.open(chatId);
    await chat.load();
    expect(chat.page).toMatchObject({
      title: 'Harbour',
      memberCount: 2,
      messages: [
        { text: 'The boat comes at one', reactions: [{ emoji: '👍', count: 1, mine: true }] },
        { text: 'I shall be there', replyTo: { messageId, seq: first.seq } },
      ],
    });
    const then = await ben.client.travel.messages(chatId, first.seq);
    expect(then.messages).toMatchObject([{ text: 'The boat comes at noon', reactions: [], editedAt: null }]);
    const versions = await ben.client.travel.versions(chatId, messageId);
    expect(versions.map(({ text }) => text)).toEqual(['The boat comes at noon', 'The boat comes at one']);
    chat.close();
  });

  it('the page as of a moment, and a replay from it, come to the page as it is now', async () => {
    const ada = await join('Ada');
    const { chatId, seq } = await ada.client.api.startChat({ kind: 'group', title: 'Log', members: [] });
    const replies = Array.from({ length: 30 }, (_, i) => ada.client.queue.send(chatId, { text: `entry ${i}` }).reply);
    const last = (await Promise.all(replies)).at(-1)?.seq ?? 0;
    const events: SeenEvent[] = [];
    const end = await new Promise<string>((resolve, reject) => {
      const listener = { event: (event: SeenEvent) => events.push(event), end: resolve };
      ada.client.travel.replay({ chatId, from: seq, to: last, speed: 0 }, listener).catch(reject);
    });
    expect(end).toBe('end');
    expect(events.map((event) => event.seq)).toEqual(upTo(last).slice(seq));
    const diff = await ada.client.travel.diff(chatId, seq, last);
    expect(diff.added.map(({ text }) => text)).toEqual(Array.from({ length: 30 }, (_, i) => `entry ${i}`));
  });

  it('a server that goes down and comes back: nothing is lost, nothing comes twice', async () => {
    const [ada, ben] = [await join('Ada'), await join('Ben')];
    const { chatId } = await ada.client.api.startChat({ kind: 'direct', userId: ben.userId });
    await ada.client.queue.send(chatId, { text: 'before' }).reply;
    await server.kill();
    const waiting = Array.from({ length: 20 }, (_, i) => ada.client.queue.send(chatId, { text: `during ${i}` }).reply);
    server = await startServerProcess({ data, env });
    const seqs = (await Promise.all(waiting)).map(({ seq }) => seq);
    expect(seqs).toEqual(upTo(22).slice(2));
    await expect.poll(() => seqsOf(ben, chatId), { timeout: 30_000 }).toEqual(upTo(22));
    expect(seqsOf(ada, chatId)).toEqual(upTo(22));
  });

  it('who is removed sees that and no more, and who signs out is gone', async () => {
    const [ada, ben] = [await join('Ada'), await join('Ben')];
    const { chatId } = await ada.client.api.startChat({ kind: 'group', title: 'Club', members: [ben.userId] });
    await expect.poll(() => ben.client.chats.get(chatId)?.title).toBe('Club');
    const { seq } = await ada.client.api.removeMember(chatId, ben.userId);
    await expect.poll(() => ben.client.chats.get(chatId)).toBeNull();
    await ada.client.queue.send(chatId, { text: 'he is gone' }).reply;
    await expect.poll(() => seqsOf(ada, chatId)).toEqual(upTo(seq + 1));
    expect(seqsOf(ben, chatId)).toEqual(upTo(seq));
    await expect(ben.client.travel.messages(chatId, 'now')).rejects.toMatchObject({ retryable: false });
    await expect(ben.client.api.chat(chatId)).rejects.toMatchObject({ code: 'chat-not-found', status: 404 });
    await ben.client.session.signOut();
    await expect(ben.client.api.me()).rejects.toMatchObject({ code: 'closed' });
    expect(ben.client.socket.state).toBe('stopped');
  });
});
