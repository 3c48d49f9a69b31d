import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ANN, BOB, GROUP } from '../../support/commands.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();
const TEXT = 'x'.repeat(8_000);

describe.each(adapters)('a client that does not read, on $adapter', (adapter) => {
  let w: GatewayWorld;
  let raw: Socket;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
  });
  afterEach(async () => {
    raw.destroy();
    await w.close();
  });

  test('costs bounded memory, is told `resync` once it reads again, and misses nothing after its sync', async () => {
    const client = await readable(w);
    raw = client.raw;
    await client.until(({ ev }) => ev === 'welcome');
    client.write({ id: 1, op: 'sync', chats: { [GROUP]: 1 } });
    await client.until(({ id }) => id === 1);
    raw.pause();
    let sent = 1;
    while (w.gateway.counters.resyncs.slow === 0 && sent < 3_000) {
      const batch = Array.from({ length: 50 }, () => w.say(ANN, { type: 'send', actor: ANN, text: TEXT }));
      sent += (await Promise.all(batch)).length;
      await w.follow(ANN).then((ann) => ann.close());
    }
    expect(w.gateway.counters.resyncs.slow).toBe(1);
    expect(w.gateway.counters.outboxBytes()).toBeLessThan(1_200_000);
    const more = await w.say(ANN, { type: 'send', actor: ANN, text: 'not pushed' });
    raw.resume();
    const resync = await client.until(({ ev }) => ev === 'resync');
    expect(resync).toEqual({ ev: 'resync', chatId: GROUP, headSeq: more.seq, reason: 'slow' });
    const seen = client.seqs();
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 2));
    expect(client.frames.at(-1)).toEqual(resync);
    client.write({ id: 2, op: 'sync', chats: { [GROUP]: seen.at(-1) ?? 1 } });
    await client.until(({ id }) => id === 2);
    await w.say(ANN, { type: 'send', actor: ANN, text: 'live' });
    await client.until(({ seq, ev }) => ev === 'event' && seq === more.seq + 1);
    expect(client.seqs()).toEqual(Array.from({ length: more.seq }, (_, i) => i + 2));
  });

  test('that syncs before it reads again is not told that the chat is gone', async () => {
    const client = await readable(w);
    raw = client.raw;
    await client.until(({ ev }) => ev === 'welcome');
    client.write({ id: 1, op: 'sync', chats: { [GROUP]: 1 } });
    await client.until(({ id }) => id === 1);
    raw.pause();
    let head = 1;
    while (w.gateway.counters.resyncs.slow === 0 && head < 3_000) {
      const batch = Array.from({ length: 50 }, () => w.say(ANN, { type: 'send', actor: ANN, text: TEXT }));
      head = Math.max(...(await Promise.all(batch)).map(({ seq }) => seq));
      await w.follow(ANN).then((ann) => ann.close());
    }
    const framesIn = w.gateway.counters.framesIn;
    client.write({ id: 2, op: 'sync', chats: { [GROUP]: head } });
    await vi.waitUntil(() => w.gateway.counters.framesIn > framesIn);
    raw.resume();
    await client.until(({ id }) => id === 2);
    await w.say(ANN, { type: 'send', actor: ANN, text: 'live' });
    await client.until(({ ev, seq }) => ev === 'event' && seq === head + 1);
    expect(client.frames.filter(({ ev }) => ev === 'gone')).toEqual([]);
  });
});

type Frame = Record<string, unknown>;

/** A client by hand, for its reading must be the test's to stop. */
async function readable(w: GatewayWorld) {
  const raw = connect(w.gateway.port, '127.0.0.1');
  raw.write(
    [
      'GET /v1/ws HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Authorization: Bearer ${w.token(BOB)}`,
      '\r\n',
    ].join('\r\n'),
  );
  const frames: Frame[] = [];
  let chunks: Buffer[] = [];
  let length = 0;
  let upgraded = false;
  let looked: () => void = () => undefined;
  raw.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    let all = Buffer.concat(chunks, length);
    if (!upgraded) {
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return;
      upgraded = true;
      all = all.subarray(end + 4);
    }
    for (let frame = decodeFrame(all); frame; frame = decodeFrame(all)) {
      frames.push(JSON.parse(frame.text) as Frame);
      all = all.subarray(frame.bytes);
    }
    chunks = [all];
    length = all.length;
    looked();
  });
  await once(raw, 'connect');
  return {
    raw,
    frames,
    seqs: () => frames.filter(({ ev }) => ev === 'event').map(({ seq }) => seq as number),
    write: (frame: Frame) => raw.write(encodeFrame(JSON.stringify(frame))),
    async until(fits: (frame: Frame) => boolean): Promise<Frame> {
      for (;;) {
        const there = frames.find(fits);
        if (there) return there;
        await new Promise<void>((resolve) => {
          looked = resolve;
        });
      }
    },
  };
}

function decodeFrame(bytes: Buffer): { text: string; bytes: number } | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const header = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < header) return null;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < header + size) return null;
  return { text: bytes.toString('utf8', header, header + size), bytes: header + size };
}

/** Masked with zeros, which leaves the text as it is. */
function encodeFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length]) : Buffer.alloc(4);
  if (payload.length >= 126) {
    header.set([0x81, 0x80 | 126]);
    header.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([header, Buffer.alloc(4), payload]);
}
