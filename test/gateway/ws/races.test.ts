import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { EventLog, RecordedEvent } from '../../../events/event-store.ts';
import type { LiveFeed } from '../../../gateway/live-feed.ts';
import { ANN, type Loose, user } from '../../support/commands.ts';
import type { Frame, TestSocket } from '../../support/protocol-client.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();
const SEED = Number(process.env['HINDSIGHT_SEED'] ?? 100);
const SEEDS = Array.from({ length: 6 }, (_, i) => SEED + i);
const STEPS = 150;
const CHATS = [user(31), user(32), user(33)];
const USERS = [user(2), user(3), user(4)];

describe.each(adapters)('syncs that race with comings, goings and lagging views, on $adapter', (adapter) => {
  let w: GatewayWorld;
  afterEach(() => w.close());

  const runs = SEEDS.flatMap((seed) => [
    { seed, told: 'once' },
    { seed, told: 'with repeats and gaps, as in a cluster' },
  ]);
  test.each(runs)('each seq once, in order, without a gap: seed $seed, told $told', async ({ seed, told }) => {
    const random = seeded(seed);
    w = await startWorld({ adapter, ...(told !== 'once' && { feed: (log) => unreliable(log, seeded(seed)) }) });
    for (const [i, chatId] of CHATS.entries()) {
      const historyVisibility = i === 2 ? 'since-join' : 'all';
      await w.say(ANN, {
        type: 'start-chat',
        actor: ANN,
        kind: 'group',
        title: 'g',
        members: [],
        chatId,
        historyVisibility,
      });
    }
    const readers: Reader[] = [];
    for (let i = 0; i < STEPS; i++) await step(w, random, readers);
    w.release();
    for (const userId of USERS) readers.push(await reader(w, userId));
    for (const chatId of CHATS) {
      for (const userId of USERS) await w.say(ANN, { type: 'put-member', actor: ANN, chatId, userId });
      const { seq } = await w.say(ANN, { type: 'send', actor: ANN, chatId, text: 'the end' });
      await Promise.all(readers.map((each) => each.until(chatId, seq)));
    }
    expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(w.logged).toEqual([]);
  });
});

/** What a cluster's deliveries may do: tell things again, and miss some and say so. */
function unreliable(log: EventLog, random: Seeded): LiveFeed {
  const before: RecordedEvent[] = [];
  const again = (): RecordedEvent[] => before.slice(Math.max(0, before.length - 1 - random.below(8)));
  return {
    epoch: log.epoch,
    head: () => log.head(),
    async *subscribe(options) {
      for await (const batch of log.subscribe(options)) {
        if (random.chance(0.05)) {
          yield { events: [], position: batch.position, live: true, missed: true };
          continue;
        }
        yield { ...batch, events: random.chance(0.5) ? [...again(), ...batch.events] : batch.events };
        before.push(...batch.events);
        // Told late or once more, and a position from before.
        if (random.chance(0.3)) yield { events: again(), position: Math.max(0, batch.position - 5), live: true };
      }
    },
  };
}

/** One thing happens, often without anybody's waiting for it. */
async function step(w: GatewayWorld, random: Seeded, readers: Reader[]): Promise<void> {
  const chatId = random.pick(CHATS);
  const userId = random.pick(USERS);
  const dice = random.below(20);
  const say = (command: Loose): void => void w.say(ANN, { ...command, chatId }).catch(() => undefined); // no member: as well
  if (dice < 8) say({ type: 'send', actor: ANN, text: 'x' });
  else if (dice < 11) say({ type: 'put-member', actor: ANN, userId });
  else if (dice < 13) say({ type: 'remove-member', actor: ANN, userId });
  else if (dice < 15 && readers.length < 9) readers.push(await reader(w, userId));
  else if (dice < 16 && readers.length > 2) readers.shift()?.socket.cut();
  else if (dice < 17) w.hold();
  else if (dice < 18) w.release();
  else await nextTurn();
}

interface Reader {
  readonly socket: TestSocket;
  readonly faults: string[];
  /** Resolves when everything of the chat through that seq was seen. */
  until(chatId: string, seq: number): Promise<unknown>;
}

/** A client by the book: checks every seq, and asks again where it is told to. */
async function reader(w: GatewayWorld, userId: string): Promise<Reader> {
  const socket = await w.open(userId);
  const last = new Map<string, number>();
  const faults: string[] = [];
  const left = new Set<string>();
  /** Chats that are not pushed until they are synced. */
  const stopped = new Set<string>();
  const due = new Set<string>();
  let syncing = false;
  /** One at a time, as what is asked may be out of date by the time its turn comes. */
  const sync = async (...chatIds: string[]): Promise<void> => {
    for (const chatId of chatIds) due.add(chatId);
    if (syncing) return;
    syncing = true;
    do {
      asked = new Set(due);
      due.clear();
      for (const chatId of asked) stopped.delete(chatId);
      const chats = Object.fromEntries([...asked].map((chatId) => [chatId, last.get(chatId) ?? 0]));
      const answer = await socket.request('sync', { chats }).catch(() => ({ ok: true })); // cut: nobody is left to ask
      if (answer['ok'] !== true) for (const chatId of asked) due.add(chatId);
      again = answer['ok'] !== true;
    } while (due.size > 0 || again);
    syncing = false;
    asked = new Set();
  };
  let again = false;
  let asked = new Set<string>();
  const onEvent = (frame: Frame): void => {
    const { chatId, seq, throughSeq, type, data } = frame as {
      chatId: string;
      seq: number;
      throughSeq?: number;
      type: string;
      data: Frame;
    };
    const about = data?.['userId'] === userId;
    const known = last.get(chatId);
    if (type === 'MemberAdded' && about) stopped.delete(chatId); // a stay of its own
    if (stopped.has(chatId)) faults.push(`${chatId}: ${type} ${seq} after a resync`);
    // A chat begins for a reader with the own coming, or where it asked from 0 with the first that it may see.
    const comes = type === 'MemberAdded' && about;
    const begins = known === undefined || left.has(chatId) ? comes : known === 0;
    if (!begins && seq !== (known ?? 0) + 1) faults.push(`${userId} ${chatId}: ${type} ${seq} after ${known}`);
    last.set(chatId, throughSeq ?? seq);
    // The next is the own return, or, in a backlog that tells of an earlier leaving, what came after it.
    if (type === 'MemberRemoved' && about) left.add(chatId);
    else left.delete(chatId);
  };
  socket.onFrame((frame) => {
    const { ev, seq, reason } = frame;
    const chatId = String(frame['chatId']);
    if (ev === 'event') onEvent(frame);
    else if (ev === 'gone') last.delete(chatId);
    else if (ev === 'synced') {
      if (seq !== last.get(chatId)) faults.push(`${userId} ${chatId}: synced ${String(seq)} at ${last.get(chatId)}`);
    } else if (ev === 'resync' && frame['all'] === true) {
      // What was asked and is not answered yet may be heard after the gap.
      for (const each of last.keys()) if (!asked.has(each)) stopped.add(each);
      void sync(...last.keys());
    } else if (ev === 'resync') {
      if (reason === 'epoch') faults.push(`unexpected ${JSON.stringify(frame)}`);
      if (reason === 'new') last.set(chatId, 0);
      stopped.add(chatId);
      void sync(chatId);
    }
  });
  void sync();
  return { socket, faults, until: (chatId, seq) => socket.until(() => (last.get(chatId) ?? 0) >= seq) };
}
