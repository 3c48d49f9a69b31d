import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
let heard: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  heard = '';
  echo = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // resets are what these tests are about
    socket.on('data', (bytes) => {
      heard += String(bytes);
      socket.write(bytes);
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await createTcpProxy({ host: '127.0.0.1', port: (echo.address() as { port: number }).port });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

async function client() {
  const socket = connect(proxy.port, proxy.host);
  sockets.push(socket);
  const seen = { text: '', closed: false, error: '' };
  socket.on('data', (bytes) => {
    seen.text += String(bytes);
  });
  socket.on('error', (error: Error & { code?: string }) => {
    seen.error = error.code ?? '';
  });
  socket.on('close', () => {
    seen.closed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, seen };
}
const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 5_000, interval: 2 });

test('passes bytes on, both ways and in order, also while the latency changes', async () => {
  const { socket, seen } = await client();
  for (let i = 0; i < 50; i++) {
    proxy.setLatency(i % 3 === 0 ? 20 : 0);
    socket.write(`${i},`);
    await new Promise(setImmediate);
  }
  const expected = Array.from({ length: 50 }, (_, i) => `${i},`).join('');
  await until(() => expect(seen.text).toBe(expected));
  expect(proxy.connections.total()).toBe(1);
  expect(proxy.bytes).toEqual({ up: expected.length, down: expected.length });
});

test('loses answers while requests get through, and resets what has lost some when it heals', async () => {
  const { socket, seen } = await client();
  const whole = await client();
  proxy.dropResponses();
  socket.write('asked');
  await until(() => expect(proxy.bytes).toEqual({ up: 5, down: 5 }));
  expect([heard, seen.text]).toEqual(['asked', '']);
  proxy.heal();
  await until(() => expect(seen.closed).toBe(true));
  whole.socket.write('again');
  await until(() => expect(whole.seen.text).toBe('again'));
});

test('a black hole takes everything, and keeps connections open', async () => {
  const { socket, seen } = await client();
  proxy.blackHole();
  socket.write('lost');
  await until(() => expect(proxy.bytes.up).toBe(4));
  const late = await client();
  expect([heard, seen.closed, late.seen.closed]).toEqual(['', false, false]);
});

test('resets, and cuts until it heals', async () => {
  const { seen } = await client();
  proxy.reset();
  await until(() => expect(seen).toEqual({ text: '', closed: true, error: 'ECONNRESET' }));
  proxy.cut();
  const refused = await client();
  await until(() => expect(refused.seen.closed).toBe(true));
  proxy.heal();
  const { socket, seen: later } = await client();
  socket.write('here');
  await until(() => expect(later.text).toBe('here'));
});
