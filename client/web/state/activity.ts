import { effect, signal } from '@preact/signals';
import { connection, hindsight } from './client.ts';
import { openChatId } from './conversation.ts';
import { firstSeq, headSeq } from './past.ts';

const SAMPLES = 32;
const AT_ONCE = 4;
/** A chat that has grown by so much is sampled again. */
const GROWTH = 1.2;

export interface Sample {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** Moments of the open chat at even distances, from which the times between them and its pace are read. */
export const samples = signal<readonly Sample[]>([]);

let sampledHead = 0;
let turn = 0;

effect(() => {
  const chatId = openChatId.value;
  turn++;
  sampledHead = 0;
  samples.value = [];
  if (chatId === null) return;
  const mine = turn;
  return effect(() => {
    const head = headSeq.value;
    if (connection.value !== 'open' || head < 3 || head < sampledHead * GROWTH) return;
    sampledHead = head;
    void sample(chatId, { first: firstSeq.peek(), head, current: () => mine === turn });
  });
});

async function sample(chatId: string, range: { first: number; head: number; current: () => boolean }): Promise<void> {
  const from = Math.max(1, range.first);
  const count = Math.min(SAMPLES, range.head - from + 1);
  const seqs = Array.from({ length: count }, (_, i) =>
    Math.round(from + ((range.head - from) * i) / Math.max(1, count - 1)),
  );
  const found: Sample[] = [];
  const worker = async (): Promise<void> => {
    for (let seq = seqs.shift(); seq !== undefined && range.current(); seq = seqs.shift()) {
      const { asOf } = await hindsight.api.chat(chatId, { asOf: seq });
      if (asOf.at !== null) found.push({ seq: asOf.seq, at: Date.parse(asOf.at) });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } catch {
    return; // an ornament: without it the slider is as good
  }
  if (range.current()) samples.value = found.sort((a, b) => a.seq - b.seq);
}

/** About when that event happened; null where nothing is known around it. */
export function timeAround(seq: number): number | null {
  const list = samples.value;
  const after = list.findIndex((sample) => sample.seq >= seq);
  const high = list[after];
  const low = list[after - 1];
  if (!high) return null;
  if (high.seq === seq || !low) return high.at;
  return low.at + ((high.at - low.at) * (seq - low.seq)) / (high.seq - low.seq);
}
