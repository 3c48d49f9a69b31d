import { EventEmitter } from 'node:events';
import driver from 'cassandra-driver';
import { describe, expect, it, vi } from 'vitest';
import { mended } from '../../../infra/cassandra/mended-driver.ts';

/** Of the driver's client what is mended. */
function fakeClient(refresh: (hosts?: unknown) => Promise<void>, connect = async (): Promise<void> => undefined) {
  const connection = { closeAsync: vi.fn(async () => undefined) };
  const controlConnection = { _refresh: refresh, _isShuttingDown: false, connection };
  const client = Object.assign(new EventEmitter(), { controlConnection, connect });
  mended(client as unknown as driver.Client);
  return { client, controlConnection };
}

describe('the driver, mended', () => {
  it('is the one that has what is mended', async () => {
    const client = mended(new driver.Client({ contactPoints: ['127.0.0.1'], localDataCenter: 'dc' }));
    await client.shutdown();
    expect(client.getState().getConnectedHosts()).toEqual([]);
  });

  it('makes its control connection anew once at a time, through all hosts', async () => {
    const asked: unknown[] = [];
    const gone: (() => void)[] = [];
    const { controlConnection } = fakeClient(async function refresh(hosts) {
      asked.push(hosts);
      if (hosts === undefined) await new Promise<void>((resolve) => gone.push(resolve));
    });
    const [first, second] = [controlConnection._refresh(), controlConnection._refresh()];
    await controlConnection._refresh('the next host');
    expect(asked).toEqual([undefined, 'the next host']);
    gone.pop()?.();
    await Promise.all([first, second]);
    const again = controlConnection._refresh();
    expect(asked).toHaveLength(3);
    gone.pop()?.();
    await again;
  });

  it('tries again where that failed, until it is shut down', async () => {
    vi.useFakeTimers();
    try {
      let tries = 0;
      const { controlConnection } = fakeClient(async () => {
        tries += 1;
        throw new TypeError('of null');
      });
      await controlConnection._refresh();
      await vi.advanceTimersByTimeAsync(2_500);
      expect(tries).toBe(3);
      controlConnection._isShuttingDown = true;
      await vi.advanceTimersByTimeAsync(5_000);
      expect(tries).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no connection open to a node that it refuses', async () => {
    const refused = fakeClient(
      async () => undefined,
      () => Promise.reject(new Error('of another data centre')),
    );
    await expect(refused.client.connect()).rejects.toThrow('of another data centre');
    expect(refused.controlConnection.connection.closeAsync).toHaveBeenCalledOnce();
    const taken = fakeClient(async () => undefined);
    await taken.client.connect();
    expect(taken.controlConnection.connection.closeAsync).not.toHaveBeenCalled();
  });

  it('lets go of a host that was replaced', () => {
    const { client } = fakeClient(async () => undefined);
    const shutdown = vi.fn(async () => undefined);
    client.emit('hostRemove', { shutdown });
    expect(shutdown).toHaveBeenCalledOnce();
  });
});
