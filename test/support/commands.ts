import { encodeEvent } from '../../commands/encode.ts';
import type { ChatCommand, ChatReply, Commands, CommandsDeps, MessageLookup, Snapshots } from '../../commands/index.ts';
import { createCommands } from '../../commands/index.ts';
import { decode } from '../../events/codec.ts';
import { plain } from '../../events/content.ts';
import type { EventStore } from '../../events/event-store.ts';
import { chatStream, userStream } from '../../events/streams.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { type ManualTimer, manualTimer } from './manual-timer.ts';
import { createMemoryEventStore } from './memory/event-store.ts';

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID of that time whose rest is the number. */
export function ulidAt(time: number, n: number): string {
  return base32(time, 10) + base32(n, 16);
}

function base32(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = CROCKFORD.charAt(rest % 32) + text;
  return text;
}

/** Users by a readable name, always the same. */
export const user = (n: number): string => ulidAt(NOW - 1_000_000_000, n);
export const [ANN, BOB, CID, DEE, EVE] = [1, 2, 3, 4, 5].map(user) as [string, string, string, string, string];
export const GROUP = ulidAt(NOW - 500_000_000, 1);

export const noSnapshots: Snapshots = { load: async () => null, save: async () => undefined };
export const emptyLookup: MessageLookup = { find: async () => ({ throughSeq: 0, found: new Map() }) };

export function memorySnapshots(): Snapshots & { saved: Map<string, { revision: number; state: string }> } {
  const saved = new Map<string, { revision: number; state: string }>();
  return {
    saved,
    load: async (stream) => saved.get(stream) ?? null,
    save: async (stream, revision, state) => void saved.set(stream, { revision, state }),
  };
}

export interface World {
  store: EventStore;
  commands: Commands;
  timer: ManualTimer;
  time: { now: number };
  faults: unknown[];
  /** A fresh id of now. */
  id(): string;
}

let count = 0;

/** The write side over memory, with a clock that stands still unless it is moved. */
export function createWorld(over: Partial<CommandsDeps> = {}): World {
  const time = { now: NOW };
  const timer = manualTimer();
  const faults: unknown[] = [];
  const store = over.store ?? createMemoryEventStore({ clock: () => time.now });
  const id = (): string => ulidAt(time.now, ++count);
  const commands = createCommands({
    store,
    snapshots: noSnapshots,
    lookup: emptyLookup,
    ids: { ulid: () => ulidAt(time.now, 1e9 + ++count), eventId: deterministicUuid },
    emoji,
    clock: () => time.now,
    timer,
    onFault: (_, error) => void faults.push(error),
    ...over,
  });
  return { store, commands, timer, time, faults, id };
}

export async function registerUsers(store: EventStore, ...userIds: string[]): Promise<void> {
  for (const userId of userIds) {
    const data = { username: `u${userId.slice(-10).toLowerCase()}`, displayName: plain(userId), password: true };
    const common = { actor: userId, at: NOW, commandId: userId, correlationId: userId };
    const event = { stream: userStream(userId), type: 'UserRegistered', data, ...common };
    await store.append(event.stream, -1, [encodeEvent(event, { ulid: () => userId, eventId: deterministicUuid })]);
  }
}

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type Loose = Without<ChatCommand, 'chatId' | 'commandId'> & { chatId?: string; commandId?: string };

/** Gives a command and answers its reply, or the code with which it was refused. */
export async function run(world: World, command: Loose): Promise<ChatReply | string> {
  const full = { chatId: GROUP, commandId: world.id(), ...command } as ChatCommand;
  const outcome = await world.commands.chat(full);
  return outcome.ok ? outcome.value : outcome.rejection.code;
}

/** A group of Ann (admin), Bob and Cid. */
export async function group(world: World, more: { historyVisibility?: 'all' | 'since-join' } = {}): Promise<void> {
  await registerUsers(world.store, ANN, BOB, CID, DEE, EVE);
  await run(world, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB, CID], ...more });
}

/** The events of a chat as `Type {data}` without what every test knows. */
export async function facts(
  world: World,
  chatId: string = GROUP,
): Promise<{ type: string; data: unknown; actor: string }[]> {
  const events = await world.store.readStream(chatStream(chatId), { limit: 100_000 });
  return events.map((event) => {
    const { type, data, metadata } = decode(event);
    return { type, data, actor: metadata.actor };
  });
}
