import { onTestFinished } from 'vitest';
import {
  type EventStoreDbOptions,
  type EventStoreDbStore,
  openEventStoreDb,
} from '../../../infra/eventstoredb/event-store.ts';
import { type StandIn, type StandInOptions, startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { testFolder } from '../../support/folder.ts';
import { type Proxy, startProxy } from './proxy.ts';

export interface World {
  readonly file: string;
  readonly standIn: StandIn;
  readonly store: EventStoreDbStore;
  /** What the adapter reaches the stand-in by. */
  readonly proxy: Proxy;
  /** What the adapter said about what went wrong. */
  readonly said: string[];
}

export type WorldOptions = Partial<StandInOptions> & {
  store?: Omit<EventStoreDbOptions, 'url'>;
};

/** A stand-in and an adapter on it, for one test. */
export async function startWorld({ store: storeOptions, ...options }: WorldOptions = {}): Promise<World> {
  const file = options.file ?? `${testFolder()}/events.db`;
  const standIn = await startStandIn({ ...options, file });
  onTestFinished(standIn.close);
  const proxy = await startProxy(standIn.port);
  onTestFinished(proxy.close);
  const said: string[] = [];
  const store = await openEventStoreDb({
    heartbeat: null,
    onFault: (what) => said.push(what),
    ...storeOptions,
    url: proxy.url(standIn.url),
  });
  onTestFinished(store.close);
  return { file, standIn, proxy, store, said };
}

/** Until it is so; the deadline is what a test would fail by. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const late = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > late) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Something that waits until it is let go. */
export function gate(): { passed: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
