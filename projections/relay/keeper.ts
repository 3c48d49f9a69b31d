import { isTemporary, type LogPosition } from '../../events/event-store.ts';
import { type Checkpoints, type Claim, StaleOwner } from '../partitions/ports.ts';
import { pause } from '../pause.ts';
import type { Faults } from './faults.ts';
import { createBackOff } from './wait.ts';

/** Moved this often while there is something to move: what a successor writes again is what came since. */
const MOVE_EVERY_MS = 100;
/** Confirmed this often while there is not. Well below the time after which others may claim it. */
const CONFIRM_EVERY_MS = 500;

/** The checkpoint of one term, and with it the right to write. Moves beside the writes, and never ahead of them. */
export interface Keeper {
  /** Everything up to there is acknowledged. */
  reached(position: LogPosition): void;
  /** Before a write: asks for the right where it was not confirmed lately. Throws `StaleOwner`. */
  assertOwner(): Promise<void>;
  /** Where the checkpoint is known to be. */
  position(): LogPosition;
  /** Rejects when the term is over: with `StaleOwner`, or with what cannot pass. */
  readonly over: Promise<never>;
  /** Ends the term: moves the checkpoint to where it came to, and gives it up. Where that fails, others wait until it is idle. */
  close(): Promise<void>;
}

export interface KeeperOptions {
  checkpoints: Pick<Checkpoints, 'move' | 'release' | 'list'>;
  claim: Claim;
  faults: Faults;
  /** Others may claim it after so long without a move. */
  idleMs: number;
  /** False while nothing comes of this relay: then it is not confirmed, so that another may try. */
  healthy(): boolean;
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { claim, faults, idleMs, healthy } = options;
  const ended = new AbortController();
  const checkpoint = createFencedCheckpoint(options.checkpoints, claim);
  let acked = claim.position;
  let fail: (error: unknown) => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    fail = reject;
  });
  over.catch(() => ended.abort()); // whoever waits for it hears of it

  /** Who cannot be asked has not said no. */
  async function unlessAway(): Promise<boolean> {
    try {
      await checkpoint.move(acked);
      faults.worked('checkpoint');
      return true;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      faults.failed('checkpoint', error);
      return false;
    }
  }

  async function keep(): Promise<void> {
    const backOff = createBackOff();
    while (!ended.signal.aborted) {
      await pause(MOVE_EVERY_MS, ended.signal);
      const due = acked > checkpoint.position() || checkpoint.ageMs() >= CONFIRM_EVERY_MS;
      if (ended.signal.aborted || !due || !healthy()) continue;
      if (await unlessAway()) backOff.reset();
      else await backOff.wait(ended.signal);
    }
  }

  const keeping = keep().catch(fail);
  return {
    reached(position) {
      acked = position;
    },
    async assertOwner() {
      // While it is known that nobody answers, asking goes on beside the writes: they are true whoever writes them.
      const away = faults.now().some(({ ground }) => ground === 'checkpoint');
      if (checkpoint.ageMs() >= idleMs && !away) await unlessAway();
    },
    position: checkpoint.position,
    over,
    async close() {
      const overAlready = ended.signal.aborted;
      ended.abort();
      await keeping;
      if (overAlready) return;
      try {
        if (acked > checkpoint.position() && !(await unlessAway())) return;
        await options.checkpoints.release(claim);
      } catch (error) {
        if (isTemporary(error)) return faults.failed('checkpoint', error);
        if (!(error instanceof StaleOwner)) throw error; // the next owner is here, and begins where this one was
      }
    },
  };
}

/** One move at a time. */
function createFencedCheckpoint(checkpoints: Pick<Checkpoints, 'move' | 'list'>, claim: Claim) {
  let held = claim.position;
  let heldAt = performance.now();
  /** A move failed that may have happened. */
  let uncertain = false;
  let moving: Promise<void> | null = null;

  async function step(acked: LogPosition): Promise<void> {
    const began = performance.now();
    if (uncertain) held = await whereItIs();
    const to = Math.max(held, acked);
    uncertain = true;
    await checkpoints.move({ claim, from: held, to });
    uncertain = false;
    held = to;
    heldAt = began;
  }

  async function whereItIs(): Promise<LogPosition> {
    const states = await checkpoints.list([claim.group]);
    const state = states.find(({ partition }) => partition === claim.partition);
    if (state?.term !== claim.term) throw new StaleOwner(claim);
    return state.position;
  }

  return {
    position: () => held,
    /** Since it was last known to be this term's. */
    ageMs: () => performance.now() - heldAt,
    /** Whoever asks meanwhile waits for the same. */
    move(acked: LogPosition): Promise<void> {
      moving ??= step(acked).finally(() => {
        moving = null;
      });
      return moving;
    },
  };
}
