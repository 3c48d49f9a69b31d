import type { Client } from 'cassandra-driver';

const AGAIN_MS = 1_000;

interface Internals {
  readonly controlConnection: {
    _refresh(hosts?: unknown): Promise<void>;
    readonly _isShuttingDown: boolean;
    readonly connection: { closeAsync(): Promise<void> } | null;
  };
}

/**
 * Mends what version 4.10.0 of the driver does when all nodes were out of reach for a while. Its control connection may
 * be made anew twice at once; each then takes the other's from it, and fails with a TypeError that nobody handles,
 * which ends the process. And it takes a node that is back for another one, and goes on connecting to the old one for
 * ever, also after it was shut down. And where it connects to a node and then refuses it, for its data centre, say, it
 * leaves that connection open, shut down or not, so that no process ends by itself.
 */
export function mended(client: Client): Client {
  const { controlConnection: control } = client as unknown as Internals;
  if (typeof control._refresh !== 'function') throw new Error('this is not the driver that was mended');
  const refresh = control._refresh.bind(control);
  let under: Promise<void> | null = null;
  control._refresh = (hosts) => {
    // Called with hosts only by itself, to go on with the next one.
    if (hosts !== undefined) return refresh(hosts);
    under ??= refresh()
      .catch(() => {
        if (!control._isShuttingDown) setTimeout(() => void control._refresh(), AGAIN_MS);
      })
      .finally(() => (under = null));
    return under;
  };
  const connect = client.connect.bind(client) as () => Promise<void>;
  client.connect = (async () => {
    try {
      await connect();
    } catch (error) {
      await control.connection?.closeAsync();
      throw error;
    }
  }) as Client['connect'];
  client.on('hostRemove', (host: { shutdown(): Promise<void> }) => void host.shutdown());
  return client;
}
