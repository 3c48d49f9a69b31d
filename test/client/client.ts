import { type ConnectOptions, connect, type Hindsight, type SeenEvent } from '../../client/sdk/index.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeServer } from './fake-server.ts';

export interface TestClient {
  clock: FakeClock;
  server: FakeServer;
  client: Hindsight;
  /** Everything that came, in order. */
  seen: SeenEvent[];
}

/** A signed-in client of a fake server. */
export async function signedIn(
  options: { seed?: number; server?: FakeServer } & Partial<ConnectOptions> = {},
): Promise<TestClient> {
  const { seed = 1, server: given, ...rest } = options;
  const clock = given?.clock ?? new FakeClock(seed);
  const server = given ?? new FakeServer(clock);
  const client = connect({ url: 'http://server', fetch: server.fetch, WebSocket: wireOf(server), clock, ...rest });
  const seen: SeenEvent[] = [];
  client.sync.events.on('event', (event) => seen.push(event));
  await client.session.signIn({ username: 'me', password: 'secret' });
  await clock.pass(0);
  return { clock, server, client, seen };
}

function wireOf(server: FakeServer): NonNullable<ConnectOptions['WebSocket']> {
  return function Wire(url: string, protocols: string[]) {
    return server.open(url, protocols);
  } as unknown as NonNullable<ConnectOptions['WebSocket']>;
}
