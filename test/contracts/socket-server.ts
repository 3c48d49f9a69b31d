import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type {
  Socket,
  SocketAdapter,
  SocketHandlers,
  SocketServer,
  SocketServerOptions,
  UpgradeRequest,
  UpgradeVerdict,
} from '../../gateway/ws/port.ts';
import { gate, rawSocket, refusal, refusedFor, untilLength, upgradeText } from '../support/raw-socket.ts';

const OPTIONS: SocketServerOptions = {
  path: '/v1/ws',
  maxFrameBytes: 1_000,
  maxReceiveBytes: 10_000,
  maxBufferedBytes: 4_000_000,
  upgradeDeadlineMs: 200,
};
type Data = { name: string };
type Handlers = SocketHandlers<Data>;

/** What whoever serves sockets to the gateway must keep (gateway/ws/port.ts). */
export function socketServerContract(adapter: SocketAdapter): void {
  describe(`socket server on ${adapter.adapter}`, () => {
    const open: SocketServer[] = [];
    const clients: { terminate(): void }[] = [];
    afterEach(async () => {
      for (const client of clients.splice(0)) client.terminate();
      for (const server of open.splice(0)) await server.close();
    });

    async function serve(
      handlers: Partial<Handlers> = {},
    ): Promise<{ url: string; http: string; port: number; server: SocketServer }> {
      const server = adapter.create<Data>({ ...quiet, ...handlers }, OPTIONS);
      open.push(server);
      const port = await server.listen({ host: '127.0.0.1', port: 0 });
      return { url: `ws://127.0.0.1:${port}/v1/ws`, http: `http://127.0.0.1:${port}`, port, server };
    }
    function client(url: string, protocols: string[] = [], headers: Record<string, string> = {}): WebSocket {
      const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false });
      clients.push(socket);
      return socket;
    }

    test('an upgrade is judged by path, headers, subprotocols and address', async () => {
      const asked: UpgradeRequest[] = [];
      const { url } = await serve({
        authorize: async (request) => {
          asked.push(request);
          return accept;
        },
      });
      const socket = client(url, ['hindsight.v1', 'bearer.abc'], { authorization: 'Bearer x', origin: 'http://here' });
      await once(socket, 'open');
      expect(socket.protocol).toBe('hindsight.v1');
      const [request] = asked;
      // Read after the upgrade: a library that only lends its request must have been asked before.
      expect(request?.path).toBe('/v1/ws');
      expect(request?.header('authorization')).toBe('Bearer x');
      expect(request?.header('origin')).toBe('http://here');
      expect(request?.subprotocols).toEqual(['hindsight.v1', 'bearer.abc']);
      expect(request?.address).toBe('127.0.0.1');
    });

    test('a header that was not sent is null, and no subprotocol is answered where none was chosen', async () => {
      let origin: string | null | undefined;
      const { url } = await serve({
        authorize: async (request) => {
          origin = request.header('origin');
          return { accept: { name: 'a' }, subprotocol: null };
        },
      });
      const socket = client(url);
      await once(socket, 'open');
      expect(origin).toBeNull();
      expect(socket.protocol).toBe('');
    });

    test.each([401, 403, 429, 503])('a refusal is HTTP %i and no socket', async (status) => {
      let opened = 0;
      const { url } = await serve({ authorize: async () => ({ refuse: status }), opened: () => void opened++ });
      expect(await refusal(client(url))).toBe(status);
      expect(opened).toBe(0);
    });

    test('a refusal says after how long to come again, where it is told', async () => {
      const { url } = await serve({ authorize: async () => ({ refuse: 429, retryAfterS: 7 }) });
      expect(await refusedFor(client(url))).toEqual({ status: 429, retryAfter: '7' });
      const forbidden = await serve({ authorize: async () => ({ refuse: 403 }) });
      expect(await refusedFor(client(forbidden.url))).toEqual({ status: 403, retryAfter: undefined });
    });

    test('a judgement that takes too long is 503, one that throws 500', async () => {
      const slow = await serve({ authorize: () => new Promise<UpgradeVerdict<Data>>(() => undefined) });
      expect(await refusedFor(client(slow.url))).toEqual({ status: 503, retryAfter: '1' });
      const broken = await serve({ authorize: () => Promise.reject(new Error('broken')) });
      expect(await refusal(client(broken.url))).toBe(500);
    });

    test('every other path is 404, the path without an upgrade 426', async () => {
      const { url, http } = await serve();
      expect(await refusal(client(`${url}/more`))).toBe(404);
      expect((await fetch(`${http}/anything`, { method: 'POST', body: 'x' })).status).toBe(404);
      expect((await fetch(`${http}/v1/ws`)).status).toBe(426);
    });

    test('a peer that leaves while it is judged harms nobody', async () => {
      const judged = gate<void>();
      const asked = gate<void>();
      let opened = 0;
      const { url, port } = await serve({
        opened: () => void opened++,
        authorize: async ({ subprotocols }) => {
          if (subprotocols.length > 0) return accept;
          asked.open();
          await judged.opened;
          return accept;
        },
      });
      const raw = connect(port, '127.0.0.1');
      raw.write(upgradeText(port));
      await asked.opened;
      raw.destroy();
      await once(raw, 'close');
      await once(client(url, ['hindsight.v1']), 'open'); // by now the server has seen the other go
      judged.open();
      await once(client(url, ['hindsight.v1']), 'open');
      expect(opened).toBe(2);
    });

    test('text frames arrive whole, in order, as text; binary ones and long ones without theirs', async () => {
      const frames: [string | null, number][] = [];
      const all = gate<void>();
      const { url } = await serve({
        frame: (_, text, bytes) => {
          frames.push([text, bytes]);
          if (frames.length === 5) all.open();
        },
      });
      const socket = client(url);
      await once(socket, 'open');
      socket.send('eins');
      socket.send('zwei 🙂');
      socket.send(Buffer.from([1, 2, 3]));
      socket.send('x'.repeat(1_001));
      socket.send('y'.repeat(1_000));
      await all.opened;
      expect(frames).toEqual([
        ['eins', 4],
        ['zwei 🙂', 9],
        [null, 3],
        [null, 1_001],
        ['y'.repeat(1_000), 1_000],
      ]);
    });

    test('a frame beyond all bounds ends the socket', async () => {
      const ended = gate<number>();
      const { url } = await serve({ closed: (_, code) => ended.open(code) });
      const socket = client(url);
      await once(socket, 'open');
      socket.send('x'.repeat(10_001));
      const [code] = (await once(socket, 'close')) as [number];
      expect([1006, 1009]).toContain(code);
      expect(await ended.opened).toBeGreaterThan(1_000);
    });

    test('what is sent arrives in order, corked or not, and the data given at the upgrade stays with the socket', async () => {
      const got: string[] = [];
      const { url } = await serve({
        opened: (socket) => {
          expect(socket.send(Buffer.from('one'))).toBe('sent');
          socket.cork(() => {
            socket.send(Buffer.from('two'));
            socket.send(Buffer.from('three'));
          });
          socket.send(Buffer.from(socket.data.name));
        },
      });
      const socket = client(url);
      socket.on('message', (data: Buffer, binary) => got.push(`${String(data)}${binary ? ' binary' : ''}`));
      await untilLength(socket, got, 4);
      expect(got).toEqual(['one', 'two', 'three', 'ann']);
    });

    test('what a peer does not read waits, is counted, is dropped beyond the bound, and drains', async () => {
      const opened = gate<Socket<Data>>();
      const drained = gate<void>();
      const { port } = await serve({
        opened: (socket) => opened.open(socket),
        drained: (socket) => {
          if (socket.bufferedBytes() === 0) drained.open();
        },
      });
      const raw = await rawSocket(port, clients);
      raw.pause();
      const socket = await opened.opened;
      const frame = Buffer.alloc(500_000, 'x');
      const results: string[] = [];
      while (results.at(-1) !== 'dropped' && results.length < 200) results.push(socket.send(frame));
      expect(results.at(-1)).toBe('dropped');
      expect(results).toContain('buffered');
      expect(socket.bufferedBytes()).toBeGreaterThan(OPTIONS.maxBufferedBytes - frame.length);
      expect(socket.bufferedBytes()).toBeLessThanOrEqual(OPTIONS.maxBufferedBytes + 2 * frame.length);
      raw.resume();
      await drained.opened;
      expect(socket.bufferedBytes()).toBe(0);
      expect(socket.open).toBe(true);
    });

    test('a close tells the peer its code and reason; `closed` comes at once and once, and nothing can be done after', async () => {
      const codes: number[] = [];
      const opened = gate<Socket<Data>>();
      const { url } = await serve({
        opened: (socket) => opened.open(socket),
        closed: (_, code) => void codes.push(code),
      });
      const peer = client(url);
      const socket = await opened.opened;
      const gone = once(peer, 'close');
      socket.close(4413, 'too large');
      expect(codes).toEqual([4413]);
      expect(socket.open).toBe(false);
      expect(socket.send(Buffer.from('late'))).toBe('dropped');
      expect(socket.bufferedBytes()).toBe(0);
      socket.cork(() => expect.unreachable('a closed socket corks nothing'));
      socket.close(4400, 'again');
      const [code, reason] = (await gone) as [number, Buffer];
      expect([code, String(reason)]).toEqual([4413, 'too large']);
      expect(codes).toEqual([4413]);
    });

    test('a peer that closes or vanishes is told of once', async () => {
      const codes: number[] = [];
      const both = gate<void>();
      const { url } = await serve({
        closed: (socket, code) => {
          expect(socket.open).toBe(false);
          codes.push(code);
          if (codes.length === 2) both.open();
        },
      });
      const [polite, rude] = [client(url), client(url)];
      await Promise.all([once(polite, 'open'), once(rude, 'open')]);
      polite.close(4000, 'bye');
      await once(polite, 'close');
      rude.terminate();
      await both.opened;
      expect(codes).toEqual([4000, 1006]);
    });

    test('a server that stops listening goes on serving who is there', async () => {
      const heard = gate<string | null>();
      const { url, server } = await serve({ frame: (_, text) => heard.open(text) });
      const socket = client(url);
      await once(socket, 'open');
      server.stopListening();
      const [error] = (await once(client(url), 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
      socket.send('still here');
      expect(await heard.opened).toBe('still here');
    });

    test('a port that is taken is an error', async () => {
      const { port } = await serve();
      const second = adapter.create<Data>(quiet, OPTIONS);
      open.push(second);
      await expect(second.listen({ host: '127.0.0.1', port })).rejects.toThrow();
    });
  });
}

const accept: UpgradeVerdict<Data> = { accept: { name: 'ann' }, subprotocol: 'hindsight.v1' };
const nothing = (): void => undefined;
const quiet: Handlers = {
  authorize: async ({ subprotocols }) => ({
    accept: { name: 'ann' },
    subprotocol: subprotocols.includes('hindsight.v1') ? 'hindsight.v1' : null,
  }),
  opened: nothing,
  frame: nothing,
  drained: nothing,
  closed: nothing,
};
