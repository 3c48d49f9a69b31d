import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { Hindsight, SeenEvent } from '../../../client/sdk/index.ts';
import type { TopicWriter } from '../../../events/backplane.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { slotOf } from '../../../events/partition.ts';
import { chatOf, receiptsOf } from '../../../events/streams.ts';
import type { Auth } from '../../../gateway/auth/api.ts';
import { createAuth } from '../../../gateway/auth/create-auth.ts';
import type { GatewayContext, GatewayLogger } from '../../../gateway/context.ts';
import { createHttpApp } from '../../../gateway/http/app.ts';
import type { ParkedAdmin } from '../../../gateway/http/ops/parked/port.ts';
import type { ProjectionAdmin } from '../../../gateway/http/ops/port.ts';
import { serveHttp } from '../../../gateway/http/server.ts';
import { createRateLimits } from '../../../gateway/rate-limits.ts';
import { createOwnership, type Ownership } from '../../../gateway/slots/ownership.ts';
import { preferredOwner } from '../../../gateway/slots/rendezvous.ts';
import { createSlotFeed, type SlotFeed } from '../../../gateway/slots/slot-feed.ts';
import { createGateway, type Gateway } from '../../../gateway/ws/gateway.ts';
import type { SocketAdapter, SocketServer } from '../../../gateway/ws/port.ts';
import { openSigningKey } from '../../../infra/disk/signing-key.ts';
import { createSignalsHub, type SignalsHub } from '../../../infra/memory/signals.ts';
import { openAccounts } from '../../../infra/sqlite/accounts/accounts.ts';
import { foldMove, isMove } from '../../../projections/deliveries/membership.ts';
import type { ChatSlots } from '../../../projections/deliveries/ports.ts';
import { createWorld, type World } from '../../support/commands.ts';
import { createMemoryTopic, type MemoryTopic } from '../../support/memory/backplane.ts';
import { createMemoryEventStore, type MemoryEventStore } from '../../support/memory/event-store.ts';
import { createMemorySlotLeases, type MemorySlotLeases } from '../../support/memory/slot-leases.ts';
import { cheapPasswords } from '../http/harness.ts';
import { startLiveViews } from '../ws/support/live-views.ts';

export const SLOTS = 8;
export const DEAD_AFTER_MS = 600;
export const MOVE_AFTER_MS = 600;
const BEAT_MS = 50;
const WATERMARK_MS = 20;

export interface ClusterGateway {
  readonly id: string;
  readonly url: string;
  readonly gateway: Gateway;
  readonly ownership: Ownership;
  readonly feed: SlotFeed;
  /** It does nothing any more, and says nothing: its sockets are cut, its beats stop. */
  die(): Promise<void>;
  /** As SIGSTOP does it to what others see: no beat until `wake`. */
  sleep(): void;
  wake(): void;
  close(): Promise<void>;
}

export interface Cluster {
  readonly store: MemoryEventStore;
  readonly world: World;
  readonly deliveries: MemoryTopic;
  readonly leases: MemorySlotLeases;
  readonly auth: Auth;
  readonly http: string;
  readonly logged: string[];
  start(id: string): Promise<ClusterGateway>;
  close(): Promise<void>;
}

export interface Person {
  readonly client: Hindsight;
  readonly userId: string;
  readonly accessToken: string;
  readonly seen: SeenEvent[];
}

/** Whose a person is once both gateways are there. */
export const belongsTo =
  (id: string) =>
  ({ userId }: Person): boolean =>
    preferredOwner(
      slotOf(userId, SLOTS),
      ['a', 'b'].map((each) => ({ id: each, url: '' })),
    ) === id;

/** Several gateways of one cluster in one process: real commands, queries and edges; store, backplane and leases in memory. */
export async function startCluster(adapter: SocketAdapter): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-cluster-'));
  const clock = (): number => Date.now();
  const store = createMemoryEventStore({ epoch: 'e1' });
  const world = createWorld({ store, clock });
  const views = startLiveViews({ log: store, access: world.commands.access });
  const deliveries = createMemoryTopic({ partitions: SLOTS });
  const stopDelivering = deliver(store, deliveries.writer());
  const leases = createMemorySlotLeases({ slots: SLOTS, deadAfterMs: DEAD_AFTER_MS });
  const signals = createSignalsHub({ slots: SLOTS, slotOf: (userId) => slotOf(userId, SLOTS) });
  const accounts = await openAccounts(join(folder, 'accounts.db'));
  const logged: string[] = [];
  const logger = recorder(logged);
  const gateways: ClusterGateway[] = [];
  const auth = await createAuth({
    accounts,
    commands: world.commands,
    key: openSigningKey(folder),
    accessTokenS: 900,
    gatewayUrl: (userId) => {
      const alive = gateways.filter(({ ownership }) => ownership.owned().length > 0);
      return alive.map(({ ownership }) => ownership.urlOf(userId)).find((url) => url !== null) ?? alive[0]?.url ?? '';
    },
    logger,
    clock,
    passwords: cheapPasswords,
  });
  const settings = { host: '127.0.0.1', httpPort: 0, gatewayPort: 0, origins: [], rateLimits: false };
  const context: GatewayContext = {
    commands: world.commands,
    queries: views.queries,
    auth,
    log: store,
    settings,
    logger,
    clock,
  };
  const app = await createHttpApp({
    context,
    limits: createRateLimits(false),
    projections: {} as ProjectionAdmin,
    parked: {} as ParkedAdmin,
    health: { started: () => true, checks: () => ({}) },
    metrics: new Registry(),
    qualifyEmoji: (text) => text,
    version: '0',
    gatewayUrls: () => gateways.map(({ url }) => url),
  });
  const http = await serveHttp(app, { host: '127.0.0.1', port: 0 });
  return {
    store,
    world,
    deliveries,
    leases,
    auth,
    http: http.url,
    logged,
    async start(id) {
      const made = await startGateway({ id, adapter, context, deliveries, leases, signals });
      gateways.push(made);
      const close = async (): Promise<void> => {
        if (gateways.includes(made)) gateways.splice(gateways.indexOf(made), 1);
        await made.close();
      };
      const die = async (): Promise<void> => {
        gateways.splice(gateways.indexOf(made), 1);
        await made.die();
      };
      return { ...made, close, die };
    },
    async close() {
      await http.close();
      await auth.close();
      await accounts.close();
      await stopDelivering();
      await views.close();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Parts {
  readonly id: string;
  readonly adapter: SocketAdapter;
  readonly context: GatewayContext;
  readonly deliveries: MemoryTopic;
  readonly leases: MemorySlotLeases;
  readonly signals: SignalsHub;
}

async function startGateway({ id, adapter, context, deliveries, leases, signals }: Parts): Promise<ClusterGateway> {
  const feed = createSlotFeed({ epoch: 'e1', tail: deliveries.tail(), sources: 1 });
  let asleep: Promise<void> | null = null;
  let wake: () => void = () => undefined;
  let dead = false;
  const sleep = (): void => {
    asleep ??= new Promise((resolve) => {
      wake = () => {
        asleep = null;
        resolve();
      };
    });
  };
  const onFatal = (error: Error): void => context.logger.error({ err: error }, 'fatal');
  const ownership = createOwnership({
    leases: {
      claim: leases.claim,
      table: async () => (dead ? { gateways: [], slots: [] } : leases.table()),
      leave: async (gatewayId) => (dead ? undefined : leases.leave(gatewayId)),
      beat: async (gateway) => {
        while (asleep) await asleep;
        return dead ? { gateways: [], slots: [] } : leases.beat(gateway);
      },
    },
    gatewayId: id,
    slots: SLOTS,
    feed,
    logger: context.logger,
    onFatal,
    beatMs: BEAT_MS,
    moveAfterMs: MOVE_AFTER_MS,
  });
  let server: SocketServer | null = null;
  const create: SocketAdapter['create'] = (handlers, options) => {
    server = adapter.create(handlers, options);
    return server;
  };
  const own = signals.gateway((slot) => !dead && ownership.owned().includes(slot));
  const gateway = await createGateway(
    { ...context, feed, slots: ownership, signals: own, onFatal },
    { adapter: { ...adapter, create } },
  );
  const url = `ws://127.0.0.1:${gateway.port}/v1/ws`;
  ownership.start(url);
  const close = async (): Promise<void> => {
    wake();
    await ownership.close();
    await gateway.close(1_000);
    await feed.close();
  };
  return {
    id,
    url,
    gateway,
    ownership,
    feed,
    sleep,
    wake: () => wake(),
    close,
    async die() {
      dead = true;
      await server?.close();
      await close();
    },
  };
}

/** One relay and one partition's deliveries, as small as they can be. */
function deliver(store: MemoryEventStore, writer: TopicWriter): () => Promise<void> {
  const chats = new Map<string, ChatSlots>();
  const last: number[] = Array.from({ length: SLOTS }, () => 0);
  const all = [...last.keys()];
  const stop = new AbortController();
  let position = 0;
  let writing: Promise<void> = Promise.resolve();
  const tell = (slots: Iterable<number>, event: RecordedEvent | null, at: number): void => {
    const placed = [...slots].map((partition) => {
      const after = last[partition] ?? 0;
      last[partition] = at;
      return { partition, link: { source: 0, after, position: at, event } };
    });
    writing = writing.then(() => writer.write(placed));
  };
  const slotsFor = (event: RecordedEvent): Set<number> => {
    const chatId = chatOf(event.stream) ?? receiptsOf(event.stream)?.chatId;
    if (chatId === undefined) return new Set();
    const chat = chats.get(chatId) ?? { chatId, headSeq: 0, counts: new Map<number, number>() };
    chats.set(chatId, chat);
    const before = [...chat.counts.keys()];
    if (chatOf(event.stream) !== null && isMove(event)) foldMove(chat, event, SLOTS);
    return new Set([...before, ...chat.counts.keys()]);
  };
  const follow = async (): Promise<void> => {
    for await (const batch of store.subscribe({ after: 0, signal: stop.signal })) {
      for (const event of batch.events) tell(slotsFor(event), event, event.position);
      position = batch.position;
    }
  };
  const following = follow();
  const timer = setInterval(() => tell(all, null, position), WATERMARK_MS);
  return async () => {
    clearInterval(timer);
    stop.abort();
    await following;
    await writing;
    await writer.close();
  };
}

function recorder(logged: string[]): GatewayLogger {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      const error = 'err' in fields ? `: ${String(fields.err)}` : '';
      logged.push(`${level} ${message}${error}`);
    };
  return { info: () => undefined, warn: at('warn'), error: at('error') };
}
