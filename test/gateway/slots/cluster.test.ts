import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, type SeenEvent } from '../../../client/sdk/index.ts';
import { slotOf } from '../../../events/partition.ts';
import { preferredOwner } from '../../../gateway/slots/rendezvous.ts';
import { openSocket, type TestSocket } from '../../support/protocol-client.ts';
import { adaptersHere } from '../ws/support/adapters.ts';
import { belongsTo, type Cluster, type ClusterGateway, type Person, SLOTS, startCluster } from './cluster-world.ts';

const { adapters } = await adaptersHere();
const PASSWORD = 'a long enough password';
const PEOPLE = 8;
const WAIT = { timeout: 20_000, interval: 10 };

describe.each(adapters)('two gateways on $adapter', (adapter) => {
  let cluster: Cluster;
  const gateways: ClusterGateway[] = [];
  const people: Person[] = [];
  const sockets: TestSocket[] = [];
  beforeEach(async () => {
    cluster = await startCluster(adapter);
  });
  afterEach(async () => {
    for (const { client } of people.splice(0)) client.close();
    for (const socket of sockets.splice(0)) socket.cut();
    for (const gateway of gateways.splice(0)) await gateway.close();
    await cluster.close();
  });

  async function start(id: string): Promise<ClusterGateway> {
    const gateway = await cluster.start(id);
    gateways.push(gateway);
    return gateway;
  }
  const settled = (): Promise<void> =>
    vi.waitFor(() => {
      const alive = gateways.map(({ id, url }) => ({ id, url }));
      const owners = Array.from({ length: SLOTS }, (_, slot) =>
        gateways.filter(({ ownership }) => ownership.owned().includes(slot)).map(({ id }) => id),
      );
      expect(owners).toEqual(owners.map((_, slot) => [preferredOwner(slot, alive)]));
    }, WAIT);
  const ownerOf = (userId: string): ClusterGateway | undefined =>
    gateways.find(({ ownership }) => ownership.owned().includes(slotOf(userId, SLOTS)));

  async function join(name: string): Promise<Person> {
    const client = connect({ url: cluster.http });
    const seen: SeenEvent[] = [];
    client.sync.events.on('event', (event) => seen.push(event));
    const username = `${name}.${client.newId().toLowerCase().slice(-8)}`;
    const { userId } = await client.session.register({ username, password: PASSWORD, displayName: name });
    const ready = client.sync.events.once('caughtUp');
    await client.session.signIn({ username, password: PASSWORD });
    await ready;
    const person = { client, userId, seen, accessToken: await client.session.access() };
    people.push(person);
    return person;
  }

  /** A crowd in one group, whose members are on whichever gateway serves them. */
  async function crowd(): Promise<{ chatId: string; first: Person }> {
    while (people.length < PEOPLE || !people.some(belongsTo('a')) || !people.some(belongsTo('b')))
      await join(`person${people.length}`);
    const [first, ...others] = people as [Person, ...Person[]];
    const members = others.map(({ userId }) => userId);
    const { chatId } = await first.client.api.startChat({ kind: 'group', title: 'crowd', members });
    await sawAll(chatId, 1);
    return { chatId, first };
  }

  /** Says something now and then until it is told to stop; answers how much. */
  function chatter({ client }: Person, chatId: string): { stop(): Promise<number> } {
    let stopped = false;
    const saying = (async () => {
      let said = 0;
      for (; !stopped; said++) await client.queue.send(chatId, { text: `message ${said}` }).reply;
      return said;
    })();
    return {
      stop: () => {
        stopped = true;
        return saying;
      },
    };
  }

  /** Each client has seen every event of the chat once, in order. */
  async function sawAll(chatId: string, last: number): Promise<void> {
    const all = Array.from({ length: last }, (_, i) => i + 1);
    for (const { seen } of people) {
      const seqs = (): number[] => seen.filter((event) => event.chatId === chatId).map(({ seq }) => seq);
      await vi.waitUntil(() => seqs().length >= last, WAIT);
      expect(seqs()).toEqual(all);
    }
  }

  async function open({ accessToken }: Person, { url }: ClusterGateway): Promise<TestSocket> {
    const socket = await openSocket(url, accessToken);
    sockets.push(socket);
    await socket.until(({ ev }) => ev === 'welcome');
    return socket;
  }

  test('a session names the gateway of its user, and everybody hears everybody', async () => {
    await start('a');
    await start('b');
    await settled();
    const { chatId, first } = await crowd();
    for (const { client, userId } of people) {
      expect(client.session.gatewayUrl).toBe(ownerOf(userId)?.url);
      expect(ownerOf(userId)?.gateway.counters.connections).toBeGreaterThan(0);
    }
    for (const gateway of gateways) expect(gateway.gateway.counters.connections).toBeGreaterThan(0);
    await first.client.queue.send(chatId, { text: 'hello' }).reply;
    await sawAll(chatId, 2);
    expect(cluster.logged).toEqual([]);
  });

  test('slots are handed over under load: nothing is missed, nothing comes twice, nobody is cut off', async () => {
    await start('a');
    await settled();
    const { chatId, first } = await crowd();
    const closes: number[] = [];
    for (const { client } of people) client.socket.events.on('lost', ({ code }) => closes.push(code));
    const talk = chatter(first, chatId);
    await start('b');
    await settled();
    for (const { client, userId } of people)
      await vi.waitUntil(
        () => ownerOf(userId)?.gateway.counters.connections !== 0 && client.socket.state === 'open',
        WAIT,
      );
    const moved = people.filter(({ userId }) => ownerOf(userId)?.id === 'b');
    expect(moved.length).toBeGreaterThan(0);
    await vi.waitUntil(() => gateways[1]?.gateway.counters.connections === moved.length, WAIT);
    await vi.waitUntil(() => gateways[0]?.gateway.counters.connections === people.length - moved.length, WAIT);
    const said = await talk.stop();
    await sawAll(chatId, said + 1);
    expect(closes).toEqual([]);
    expect(cluster.logged).toEqual([]);
  });

  test('a gateway that dies under load is replaced, and its clients miss nothing', async () => {
    await start('a');
    const b = await start('b');
    await settled();
    const { chatId, first } = await crowd();
    const talk = chatter(first, chatId);
    gateways.splice(gateways.indexOf(b), 1);
    await b.die();
    await settled();
    const said = await talk.stop();
    const { seq } = await first.client.queue.send(chatId, { text: 'the end' }).reply;
    expect(seq).toBe(said + 2);
    await sawAll(chatId, seq);
    expect(gateways[0]?.gateway.counters.connections).toBe(people.length);
  });

  test('a gateway that stops in good order under load hands its clients over: nobody is cut off', async () => {
    await start('a');
    const b = await start('b');
    await settled();
    let idle = await join('idle');
    while (!belongsTo('b')(idle)) idle = await join('idle');
    for (const { client } of people.splice(0)) client.close();
    const stays = await open(idle, b);
    const { chatId, first } = await crowd();
    const closes: number[] = [];
    for (const { client } of people) client.socket.events.on('lost', ({ code }) => closes.push(code));
    const talk = chatter(first, chatId);
    gateways.splice(gateways.indexOf(b), 1);
    await b.close();
    await settled();
    await sawAll(chatId, (await talk.stop()) + 1);
    expect(closes).toEqual([]);
    expect(stays.frames.at(-1)).toEqual({ ev: 'moved', url: gateways[0]?.url, afterMs: 600 });
    expect(await stays.closed).toBe(4410);
  });

  test('the clients of the last gateway are told to come back', async () => {
    const a = await start('a');
    await settled();
    const socket = await open(await join('ada'), a);
    gateways.splice(0);
    await a.close();
    expect(await socket.closed).toBe(4503);
    expect(socket.frames.map(({ ev }) => ev)).not.toContain('moved');
  });

  test('a gateway that was stopped finds its users elsewhere, and takes them back without a gap', async () => {
    await start('a');
    const b = await start('b');
    await settled();
    const { chatId, first } = await crowd();
    const owned = b.ownership.owned();
    const talk = chatter(first, chatId);
    b.sleep();
    await vi.waitUntil(() => gateways[0]?.ownership.owned().length === SLOTS, WAIT);
    b.wake();
    await vi.waitUntil(() => gateways[0]?.ownership.owned().length === SLOTS - owned.length, WAIT);
    await settled();
    const said = await talk.stop();
    await sawAll(chatId, said + 1);
  });

  test('something missing in the deliveries is told as a resync of everything, and read again', async () => {
    await start('a');
    await settled();
    const { chatId, first } = await crowd();
    let said = 0;
    while (gateways[0]?.feed.misses() === 0) {
      cluster.deliveries.faults.dropNext(3); // of an event's links, or of a watermark's: then it is none
      await first.client.queue.send(chatId, { text: `m${said++}` }).reply;
    }
    await sawAll(chatId, said + 1);
    expect(gateways[0]?.gateway.counters.resyncs.slow).toBeGreaterThan(0);
  });

  test('who connects to another gateway than theirs is told where to go, then closed', async () => {
    await start('a');
    await start('b');
    await settled();
    const person = await join('ada');
    const owner = ownerOf(person.userId);
    const other = gateways.find((gateway) => gateway !== owner);
    if (!owner || !other) throw new Error('two gateways were started');
    await vi.waitUntil(() => !other.ownership.serves(person.userId), WAIT);
    const socket = await open(person, other);
    expect(await socket.until(({ ev }) => ev === 'moved')).toEqual({ ev: 'moved', url: owner.url, afterMs: 0 });
    expect(socket.frames.map(({ ev }) => ev)).toEqual(['welcome', 'moved']);
    expect(await socket.request('ping')).toMatchObject({ ok: true });
    const error = { code: 'unavailable', retryable: true };
    expect(await socket.request('sync', { chats: {} })).toMatchObject({ ok: false, error });
    expect(await socket.closed).toBe(4410);
  });

  test('who is served where a slot was taken over stays until the time is over, then is closed', async () => {
    const a = await start('a');
    await settled();
    while (!people.some(belongsTo('b'))) await join(`stays${people.length}`);
    const ofB = people.map(belongsTo('b'));
    const stays = await Promise.all(people.map((person) => open(person, a)));
    for (const { client } of people.splice(0)) client.close();
    await Promise.all(stays.map((socket) => socket.request('sync', { chats: {} }).catch(() => undefined)));
    await start('b');
    await settled();
    const told = stays.filter((_, i) => ofB[i]);
    for (const socket of told) {
      const frame = await socket.until(({ ev }) => ev === 'moved');
      expect(frame).toMatchObject({ url: gateways[1]?.url, afterMs: 600 });
      expect(await socket.request('ping')).toMatchObject({ ok: true });
    }
    expect(await Promise.all(told.map(({ closed }) => closed))).toEqual(told.map(() => 4410));
  });

  test('typing and presence go from gateway to gateway, and stay true while users move', async () => {
    await start('a');
    await start('b');
    await settled();
    const { chatId } = await crowd();
    const ofA = people.find(belongsTo('a'));
    const ofB = people.find(belongsTo('b'));
    if (!ofA || !ofB) throw new Error('the crowd has people on both');
    for (const { client } of people.splice(0)) client.close();
    const [a, b] = gateways as [ClusterGateway, ClusterGateway];
    const asker = await open(ofA, a);
    const ask = () => asker.request('presence', { userIds: [ofB.userId] });
    const told = () => asker.frames.filter(({ ev }) => ev === 'presence').map(({ online }) => online);
    await vi.waitFor(async () => expect(await ask()).toMatchObject({ online: { [ofB.userId]: false } }), WAIT);
    const before = told().length;
    const other = await open(ofB, b);
    await vi.waitUntil(() => told().slice(before).includes(true), WAIT);
    await other.request('sync', { chats: { [chatId]: 1 } });
    expect(await asker.request('typing', { chatId })).toMatchObject({ ok: true });
    const typing = await other.until(({ ev }) => ev === 'typing');
    expect(typing).toEqual({ ev: 'typing', chatId, userId: ofA.userId });
    other.close();
    await vi.waitUntil(() => told().at(-1) === false, WAIT);
  });

  test('while nobody serves a slot a sync says so and may be tried again', async () => {
    const a = await start('a');
    await settled();
    const person = await join('ada');
    const socket = await open(person, a);
    expect(await socket.request('sync', { chats: {} })).toMatchObject({ ok: true });
    // A new follower of the slots that hears nothing: its deliveries stand still.
    cluster.deliveries.faults.pause();
    await a.close();
    gateways.splice(0);
    const b = await start('b');
    const waiting = await open(person, b);
    const answer = await waiting.request('sync', { chats: {} });
    expect(answer).toMatchObject({ ok: false, error: { code: 'unavailable', retryable: true } });
    cluster.deliveries.faults.resume();
    await settled();
    expect(await waiting.request('sync', { chats: {} })).toMatchObject({ ok: true, caughtUp: true });
  });
});
