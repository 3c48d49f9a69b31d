import { type Outcome, rejected } from '../events/error-codes.ts';
import type { ChatCommand, ChatReply } from './api.ts';
import type { ChatState } from './chat/state.ts';
import type { Timer } from './ports.ts';

/** Something that waits for its turn in a chat: a command, or a look at the state as the log has it now. */
export type Waiting = {
  /** When it came, by the timer's clock. */
  readonly since: number;
  readonly reject: (error: unknown) => void;
} & (
  | { readonly command: ChatCommand; readonly resolve: (outcome: Outcome<ChatReply>) => void }
  | { readonly command: null; readonly look: (outcome: Outcome<ChatState>) => void }
);

/** One flight: everything that waited when it began, decided together and appended in one call. */
export interface Flight {
  readonly items: readonly Waiting[];
  readonly commands: readonly ChatCommand[];
  /** By the timer's clock. */
  readonly deadline: number;
  /** Raised when the append begins: from then on the outcome may be unknown. */
  appending: boolean;
  /** Raised at the deadline, when the callers were told. Before the append this also ends the flight. */
  expired: boolean;
}

/** How long a caller waits at most, in the queue and in flight each. */
export const COMMAND_DEADLINE_MS = 5_000;
const QUEUE_MAX_COMMANDS = 8_192;
/** What commands take that wait or are in flight, of all chats of a process together; the next is answered `busy`. */
export const COMMANDS_OPEN_MAX_BYTES = 67_108_864;
const FLIGHT_MAX_COMMANDS = 1_024;
const FLIGHT_MAX_BYTES = 524_288;
/** What an event takes beside its words. */
const EVENT_BYTES = 512;
const WATCH_MS = 500;

export type Refusal = ReturnType<typeof rejected>;

/** What is left for commands of `COMMANDS_OPEN_MAX_BYTES`, shared by all writers of a process. */
export interface Room {
  bytes: number;
}

export interface Writer {
  enqueue(item: Waiting): void;
  /** Resolves once nothing waits and nothing is in flight. */
  idle(): Promise<void>;
}

/**
 * The queue of one chat. One flight at a time, so that commands are decided in the order in which they came and nobody
 * in this process races another; what comes meanwhile makes up the next flight.
 */
export function createWriter(options: {
  timer: Timer;
  room: Room;
  fly: (flight: Flight) => Promise<void>;
  onIdle: () => void;
}): Writer {
  const { timer, room, fly, onIdle } = options;
  let queue: Waiting[] = [];
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    await Promise.resolve(); // what comes in the same turn goes along
    while (queue.length > 0) {
      const items = takeFlight(queue);
      queue = queue.slice(items.length);
      await flyWatched(items);
      leave(items);
    }
    running = null;
    onIdle();
  }

  async function flyWatched(items: readonly Waiting[]): Promise<void> {
    const commands = items.flatMap((item) => (item.command === null ? [] : [item.command]));
    const flight: Flight = {
      items,
      commands,
      deadline: timer.now() + COMMAND_DEADLINE_MS,
      appending: false,
      expired: false,
    };
    let cancel = timer.after(COMMAND_DEADLINE_MS, watch);
    function watch(): void {
      if (!flight.expired) expire(flight);
      const late = lateOf(queue, timer.now());
      queue = queue.slice(late.length);
      for (const item of late) settle(item, busy());
      leave(late);
      cancel = timer.after(WATCH_MS, watch);
    }
    try {
      await fly(flight);
    } catch (error) {
      for (const item of items) item.reject(error);
    } finally {
      cancel();
    }
  }

  function leave(items: readonly Waiting[]): void {
    for (const item of items) room.bytes += bytesOf(item);
  }

  return {
    enqueue(item) {
      const bytes = bytesOf(item);
      if (queue.length >= QUEUE_MAX_COMMANDS || bytes > room.bytes) return settle(item, busy());
      room.bytes -= bytes;
      queue.push(item);
      running ??= run();
    },
    idle: async () => {
      while (running) await running;
    },
  };
}

/** Takes as much from the front as one append may carry: one command at least. */
function takeFlight(queue: readonly Waiting[]): Waiting[] {
  let bytes = 0;
  const taken: Waiting[] = [];
  for (const item of queue) {
    bytes += bytesOf(item);
    if (taken.length > 0 && (taken.length >= FLIGHT_MAX_COMMANDS || bytes > FLIGHT_MAX_BYTES)) break;
    taken.push(item);
  }
  return taken;
}

/** As an event, at most. */
const bytesOf = ({ command }: Waiting): number =>
  EVENT_BYTES + (command && 'text' in command ? 3 * command.text.length : 0);

function expire(flight: Flight): void {
  flight.expired = true;
  const outcome = flight.appending ? unknown() : unreachable();
  for (const item of flight.items) settle(item, outcome);
}

/** What waited too long behind a flight that does not end was never decided, so it may safely come again. */
function lateOf(queue: readonly Waiting[], now: number): readonly Waiting[] {
  const first = queue.findIndex((item) => now - item.since < COMMAND_DEADLINE_MS);
  return first < 0 ? queue : queue.slice(0, first);
}

export function settle(item: Waiting, outcome: Refusal): void {
  if (item.command === null) item.look(outcome);
  else item.resolve(outcome);
}

export const busy = (): Refusal =>
  rejected('busy', 'this chat has more to write than it can at present; send it again', { retryAfterS: 1 });
export const unknown = (): Refusal =>
  rejected('unknown', 'it may or may not have happened; send the same again to find out');
export const unreachable = (): Refusal =>
  rejected('unavailable', 'the event store cannot be reached at present; nothing happened', { retryAfterS: 1 });
