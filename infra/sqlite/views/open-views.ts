import { AsyncLocalStorage } from 'node:async_hooks';
import { statSync } from 'node:fs';
import { StoreError } from '../../../events/event-store.ts';
import type { ParkedChats } from '../../../queries/parked/view.ts';
import { type Database, openDatabase } from '../database.ts';
import { viewsFailure } from './failure.ts';
import { type GenerationReaders, generationReaders, type Pointers, type Readers } from './generation-readers.ts';
import { parkedReader } from './parked-reader.ts';

/** The read models in `views.db`, for reading. A call throws a `StoreError` while they cannot be read. */
export interface Views extends Readers {
  /** All that is read within `work` is read of one generation of each view: the one that is live when the first is. */
  pinned<T>(work: () => Promise<T>): Promise<T>;
  readonly parked: ParkedChats;
  close(): void;
}

/** How often it is looked whether the file was thrown away and built afresh. */
const LOOK_EVERY_MS = 500;
/** Readers do not wait long for a lock: in WAL mode only a file that is being made or mended has one against them. */
const BUSY_TIMEOUT_MS = 250;

/** The file is opened when it is first read; until whoever runs the projections has made it, a call is `unavailable`. */
export function openViews(file: string): Views {
  const connection = follow(file);
  return {
    pinned: (work) => pins.run({ of: null, pointers: null }, work),
    chatHistory: through(connection, 'chatHistory', [
      'page',
      'messages',
      'seqOf',
      'textChanges',
      'changes',
      'deletedAmong',
      'reactions',
      'emojisOf',
      'numberThrough',
      'head',
    ]),
    userChats: through(connection, 'userChats', ['chatsOf', 'chatOf', 'receipts']),
    members: through(connection, 'members', ['settings', 'stays', 'membersAsOf', 'frameAsOf']),
    users: through(connection, 'users', ['user', 'search']),
    lookup: through(connection, 'lookup', ['find']),
    parked: {
      of: (chatId) => read(connection, ({ parked }) => parked.of(chatId)),
      all: () => read(connection, ({ parked }) => parked.all()),
    },
    close: connection.close,
  };
}

/** What is read in one go; filled by whoever reads first. A file in the place of another is none that was pinned. */
const pins = new AsyncLocalStorage<{ of: Open | null; pointers: Pointers | null }>();

interface Open {
  readonly db: Database;
  readonly inode: number | null;
  readonly generations: GenerationReaders;
  readonly parked: ParkedChats;
  /** Whoever reads of it still has lost nothing but this try. */
  closed: boolean;
}

interface Connection {
  opened(): Promise<Open>;
  close(): void;
}

/** One connection, opened again where another file stands in the place of the one that is open. */
function follow(file: string): Connection {
  let open: Open | null = null;
  let looked = 0;
  let opening: Promise<void> | null = null;
  let closed = false;

  async function reopen(): Promise<void> {
    const old = open;
    open = await connect(file);
    if (old) shut(old);
    if (closed) shut(open);
  }
  function fits(): boolean {
    const now = performance.now();
    if (open && now - looked < LOOK_EVERY_MS) return true;
    looked = now;
    const inode = inodeOf(file);
    return open !== null && (inode === null || inode === open.inode);
  }

  return {
    async opened() {
      if (closed) throw new StoreError('closed', 'the views are closed');
      if (opening || !fits()) {
        opening ??= reopen().finally(() => (opening = null));
        await opening;
      }
      if (!open) throw new StoreError('unavailable', 'the views are not there');
      return open;
    },
    close() {
      closed = true;
      if (open) shut(open);
    },
  };
}

function shut(open: Open): void {
  open.closed = true;
  open.db.close();
}

async function connect(file: string): Promise<Open> {
  const inode = inodeOf(file);
  const db = await openDatabase({ file, synchronous: 'normal', readOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    return { db, inode, generations: generationReaders(db), parked: parkedReader(db), closed: false };
  } catch (error) {
    db.close();
    throw error;
  }
}

const inodeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.ino ?? null;

function readerOf<K extends keyof Readers>(open: Open, name: K): Readers[K] {
  const pin = pins.getStore();
  if (!pin) return open.generations.reader(name, open.generations.live());
  if (pin.of !== open || pin.pointers === null) {
    pin.of = open;
    pin.pointers = open.generations.live();
  }
  return open.generations.reader(name, pin.pointers);
}

/** A reader whose every call goes to the connection that is open then. */
function through<K extends keyof Readers>(
  connection: Connection,
  name: K,
  methods: readonly (keyof Readers[K] & string)[],
): Readers[K] {
  const calls = methods.map((method) => [
    method,
    (...args: unknown[]) =>
      read(connection, (open) => (readerOf(open, name)[method] as (...args: unknown[]) => unknown)(...args)),
  ]);
  return Object.fromEntries(calls) as Readers[K];
}

async function read<T>(connection: Connection, work: (open: Open) => T | Promise<T>): Promise<T> {
  const open = await connection.opened().catch((error: unknown) => {
    throw unreadable(error); // not there, not made yet, of another version: whoever runs the projections makes it
  });
  try {
    return await work(open);
  } catch (error) {
    throw open.closed ? unreadable(error) : viewsFailure(error);
  }
}

const unreadable = (error: unknown): StoreError =>
  error instanceof StoreError
    ? error
    : new StoreError('unavailable', `the views cannot be read: ${String(error)}`, { cause: error });
