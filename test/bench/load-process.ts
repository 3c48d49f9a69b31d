import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/**
 * A load generator that costs little: WebSocket frames by hand over plain TCP, several per write, answers counted and
 * not parsed. Runs as a process of its own and prints one JSON line.
 *
 * Usage: node load-process.js '{"url","token":[…],"chatIds":[…],"inFlight","seconds","text"}'
 */
interface Plan {
  url: string;
  tokens: string[];
  /** The chat that the n-th socket sends to is chatIds[n % length]. */
  chatIds: string[];
  inFlight: number;
  seconds: number;
  text: string;
}

const MASKED = 0x80;
const TEXT_FRAME = 0x81;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
let acked = 0;
let refused = 0;
const latencies: number[] = [];
let measuring = false;

/** ULIDs of now, counted up: quick to make and unique in this run. */
const makeId = (() => {
  const random = randomBytes(8).map((byte) => byte % 32);
  const tail = [...random].map((digit) => CROCKFORD.charAt(digit)).join('');
  let count = 0;
  let time = '';
  let at = 0;
  return (): string => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      time = '';
      for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = CROCKFORD.charAt(rest % 32) + time;
    }
    let digits = '';
    for (let rest = ++count, i = 0; i < 8; i++, rest = Math.floor(rest / 32))
      digits = CROCKFORD.charAt(rest % 32) + digits;
    return time + tail + digits;
  };
})();

/** A masked text frame whose mask is zero: the payload stands as it is. */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < LENGTH_16 ? 2 : 4;
  const frame = Buffer.alloc(head + 4 + length);
  frame[0] = TEXT_FRAME;
  if (head === 2) frame[1] = MASKED | length;
  else {
    frame[1] = MASKED | LENGTH_16;
    frame.writeUInt16BE(length, 2);
  }
  frame.write(text, head + 4);
  return frame;
}

function open(token: string, chatId: string): Promise<Socket> {
  const url = new URL(plan.url);
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  socket.write(
    `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    let pending = Buffer.alloc(0);
    let upgraded = false;
    let sent = 0;
    const sentAt: number[] = [];
    const send = (count: number): void => {
      const frames: Buffer[] = [];
      const now = performance.now();
      for (let i = 0; i < count; i++) {
        frames.push(
          frameOf(`{"id":${++sent},"op":"send","chatId":"${chatId}","messageId":"${makeId()}","text":"${plan.text}"}`),
        );
        sentAt.push(now);
      }
      socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
    };
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      if (!upgraded) {
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!pending.subarray(0, end).toString().includes(' 101 ')) return reject(new Error(pending.toString()));
        upgraded = true;
        pending = pending.subarray(end + 4);
        resolve(socket);
        send(plan.inFlight);
      }
      let answers = 0;
      for (;;) {
        const frame = nextFrame(pending);
        if (frame === null) break;
        pending = pending.subarray(frame.end);
        // Answers begin with their id, pushes with their kind.
        if (frame.payload.subarray(0, 5).toString('latin1') !== '{"id"') continue;
        answers++;
        const at = sentAt.shift();
        if (measuring && at !== undefined) {
          if (frame.payload.includes('"ok":true')) acked++;
          else refused++;
          if (latencies.length < 200_000) latencies.push(performance.now() - at);
        }
      }
      if (answers > 0) send(answers);
    });
    socket.on('error', reject);
  });
}

function nextFrame(bytes: Buffer): { payload: Buffer; end: number } | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] as number) & 0x7f;
  const head = short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2;
  if (bytes.length < head) return null;
  const length =
    short === LENGTH_64 ? Number(bytes.readBigUInt64BE(2)) : short === LENGTH_16 ? bytes.readUInt16BE(2) : short;
  return bytes.length < head + length ? null : { payload: bytes.subarray(head, head + length), end: head + length };
}

const WARM_UP_MS = 1_000;
const sockets = await Promise.all(
  plan.tokens.map((token, i) => open(token, plan.chatIds[i % plan.chatIds.length] as string)),
);
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
measuring = true;
const cpu = process.cpuUsage();
const started = performance.now();
await new Promise((resolve) => setTimeout(resolve, plan.seconds * 1_000));
measuring = false;
const seconds = (performance.now() - started) / 1_000;
const used = process.cpuUsage(cpu);
latencies.sort((a, b) => a - b);
const at = (p: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor((p / 100) * latencies.length))] ?? 0;
process.stdout.write(
  `${JSON.stringify({ acked, refused, perSecond: acked / seconds, p50: at(50), p99: at(99), cpuSeconds: (used.user + used.system) / 1e6 })}\n`,
);
for (const socket of sockets) socket.destroy();
process.exit(0);
