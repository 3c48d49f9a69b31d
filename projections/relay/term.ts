import type { Placed, TopicWriter } from '../../events/backplane.ts';
import { type EventLog, isTemporary, type LogPosition } from '../../events/event-store.ts';
import type { Checkpoints, Claim } from '../partitions/ports.ts';
import { type Chains, createChains } from './chains.ts';
import type { Faults } from './faults.ts';
import { createIntake, type Intake, type Portion } from './intake.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { createBackOff } from './wait.ts';

/** Every partition hears of the log's position at least this often, also while nothing happens. */
export const WATERMARK_EVERY_MS = 100;
/** And at most this often beside events: with many partitions and little to write, watermarks are most of it. */
const WATERMARK_PAUSE_MS = 20;
/** A relay that has failed for so long lets another try. */
const HAND_OVER_AFTER_MS = 10_000;

export interface TermOptions {
  log: Pick<EventLog, 'subscribe' | 'head'>;
  checkpoints: Pick<Checkpoints, 'move' | 'release' | 'list'>;
  writer: TopicWriter;
  faults: Faults;
  idleMs: number;
  eventBytesMax?: number;
  handOverAfterMs?: number;
}

/** The time in which this process is the relay. */
export interface Term {
  readonly claim: Claim;
  /** Everything up to there is acknowledged by the backplane. */
  position(): LogPosition;
  checkpoint(): LogPosition;
  /** When the oldest event was recorded that is known to wait; null where none is. */
  behindSince(): number | null;
  /** Until it is closed. Rejects with `StaleOwner` when another has taken over, or with what cannot pass. */
  run(): Promise<void>;
  close(): Promise<void>;
}

export function createTerm(options: TermOptions, claim: Claim): Term {
  const { log, checkpoints, writer, faults, idleMs, handOverAfterMs = HAND_OVER_AFTER_MS } = options;
  const ended = new AbortController();
  const healthy = (): boolean =>
    faults.now().every(({ ground, sinceMs }) => ground === 'checkpoint' || sinceMs < handOverAfterMs);
  const parts = {
    intake: createIntake({ log, after: claim.position, faults }),
    keeper: createKeeper({ checkpoints, claim, faults, idleMs, healthy }),
    chains: createChains(writer.partitions, claim.position, options.eventBytesMax),
  };
  const progress = { position: claim.position, behindSince: null as number | null };
  let running: Promise<void> = Promise.resolve();

  async function work(): Promise<void> {
    const rounds = createRounds(parts.chains, claim.position);
    while (!ended.signal.aborted) {
      const portion = await parts.intake.next(rounds.dueInMs());
      if (ended.signal.aborted) return;
      const links = rounds.linksOf(portion);
      progress.behindSince = portion?.events[0]?.recordedAt ?? progress.behindSince;
      await writeUntilThere(options, { links, keeper: parts.keeper, signal: ended.signal });
      if (ended.signal.aborted) return;
      if (!portion) {
        // Nothing came for a while: the log's last page need not say that it was the last.
        if (!faults.now().some(({ ground }) => ground === 'log')) progress.behindSince = null;
        continue;
      }
      progress.position = portion.position;
      progress.behindSince = portion.live ? null : (portion.events.at(-1)?.recordedAt ?? progress.behindSince);
      parts.keeper.reached(portion.position);
    }
  }

  return {
    claim,
    position: () => progress.position,
    checkpoint: () => parts.keeper.position(),
    behindSince: () => progress.behindSince,
    async run() {
      running = work();
      try {
        await Promise.race([running, parts.keeper.over]);
      } finally {
        await end(ended, running, parts);
      }
    },
    async close() {
      ended.abort();
      await running.catch(() => undefined); // whoever runs it hears of it
    },
  };
}

/** Nothing is written any more once this has begun, but for the request that is in flight. */
async function end(
  ended: AbortController,
  running: Promise<void>,
  { intake, keeper }: { intake: Intake; keeper: Keeper },
): Promise<void> {
  ended.abort();
  await intake.close();
  await running.catch(() => undefined); // told already, or a consequence of the end
  await keeper.close();
}

interface Writing {
  readonly links: readonly Placed[];
  readonly keeper: Keeper;
  readonly signal: AbortSignal;
}

/** The identical links until they are there: what comes after them continues them. */
async function writeUntilThere({ writer, faults }: TermOptions, { links, keeper, signal }: Writing): Promise<void> {
  const backOff = createBackOff();
  while (!signal.aborted) {
    await keeper.assertOwner();
    if (signal.aborted) return;
    try {
      await writer.write(links);
      faults.worked('backplane');
      return;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      faults.failed('backplane', error);
    }
    await backOff.wait(signal);
  }
}

/** When watermarks go to all partitions. */
function createRounds(chains: Chains, from: LogPosition) {
  let position = from;
  let last = Number.NEGATIVE_INFINITY;
  /** Some partitions have not heard of `position`. */
  let owed = true;
  return {
    dueInMs: (): number => Math.max(0, last + (owed ? WATERMARK_PAUSE_MS : WATERMARK_EVERY_MS) - performance.now()),
    linksOf(portion: Portion | null): Placed[] {
      const links = portion ? chains.place(portion.events) : [];
      position = portion?.position ?? position;
      owed = true;
      const now = performance.now();
      if (portion && now - last < WATERMARK_PAUSE_MS) return links;
      owed = false;
      last = now;
      return [...links, ...chains.watermarks(position)];
    },
  };
}
