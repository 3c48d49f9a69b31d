import { beginsWith, frameOf, openSocket } from './frames.ts';
import { createMessageIds } from './message-ids.ts';

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

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
let acked = 0;
let refused = 0;
const latencies: number[] = [];
let measuring = false;

const makeId = createMessageIds();

async function open(token: string, chatId: string): Promise<void> {
  let sent = 0;
  let answers = 0;
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
  const socket = await openSocket({
    url: plan.url,
    token,
    onPayload: (bytes, start, end) => {
      if (!beginsWith(bytes, start, 'id')) return;
      answers++;
      const at = sentAt.shift();
      if (!measuring || at === undefined) return;
      if (bytes.subarray(start, end).includes('"ok":true')) acked++;
      else refused++;
      if (latencies.length < LATENCIES_MAX) latencies.push(performance.now() - at);
    },
  });
  // After the walk over a chunk: all that it answered is asked anew in one write.
  socket.on('data', () => {
    if (answers > 0) send(answers);
    answers = 0;
  });
  send(plan.inFlight);
}

const LATENCIES_MAX = 200_000;
const WARM_UP_MS = 1_000;
await Promise.all(plan.tokens.map((token, i) => open(token, plan.chatIds[i % plan.chatIds.length] as string)));
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
process.exit(0);
