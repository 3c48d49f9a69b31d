import type { TopicWriter } from '../../events/backplane.ts';
import { type EventLog, isTemporary, type LogPosition } from '../../events/event-store.ts';
import { type Checkpoints, type Claim, StaleOwner } from '../partitions/ports.ts';
import { pause } from '../pause.ts';
import { createFaults, type Fault, type RelayReport } from './faults.ts';
import { createTerm, type Term } from './term.ts';
import { createBackOff } from './wait.ts';

/** A relay that has not moved its checkpoint for so long is replaced. */
export const RELAY_IDLE_MS = 2_000;
const STANDBY_LOOK_MS = 250;

export interface RelayOptions {
  log: Pick<EventLog, 'subscribe' | 'head'>;
  checkpoints: Pick<Checkpoints, 'prepare' | 'claimIdle' | 'move' | 'release' | 'list'>;
  writer: TopicWriter;
  /** Tells processes apart, for whoever looks at the checkpoints. */
  owner: string;
  /** Milliseconds since 1970. */
  clock: () => number;
  report: (report: RelayReport) => void;
  idleMs?: number;
  standbyLookMs?: number;
  eventBytesMax?: number;
  handOverAfterMs?: number;
}

export interface RelayState {
  readonly active: boolean;
  readonly term: number | null;
  /** Everything up to there is on the backplane; null in standby, as is all that follows. */
  readonly position: LogPosition | null;
  readonly checkpoint: LogPosition | null;
  /** How long ago the oldest event was recorded that is known to wait, 0 where none is. */
  readonly lagMs: number | null;
  readonly faults: readonly Fault[];
}

export interface Relay {
  /** Runs until it is closed, in standby or active. Rejects with what cannot pass: the process ends, another takes over. */
  run(): Promise<void>;
  /** Resolves when nothing is in flight any more. The writer stays open. */
  close(): Promise<void>;
  state(): RelayState;
}

/** From the log to the backplane: one of any number of processes at a time. */
export function createRelay(options: RelayOptions): Relay {
  const { checkpoints, owner, clock, report, idleMs = RELAY_IDLE_MS, standbyLookMs = STANDBY_LOOK_MS } = options;
  const closing = new AbortController();
  const faults = createFaults(report);
  let term: Term | null = null;
  let running: Promise<void> = Promise.resolve();

  /** Waits its turn. Null when it is closed. */
  async function standBy(): Promise<Claim | null> {
    const backOff = createBackOff();
    while (!closing.signal.aborted) {
      try {
        await checkpoints.prepare('relay', 1);
        const claim = await checkpoints.claimIdle('relay', 0, { owner, idleMs });
        faults.worked('checkpoint');
        if (claim && !closing.signal.aborted) return claim;
        if (claim) await checkpoints.release(claim); // closed while it claimed: whoever closes knows of no term to end
        backOff.reset();
        await pause(standbyLookMs, closing.signal);
      } catch (error) {
        if (!isTemporary(error)) throw error;
        faults.failed('checkpoint', error);
        await backOff.wait(closing.signal);
      }
    }
    return null;
  }

  async function serve(claim: Claim): Promise<void> {
    term = createTerm({ ...options, faults, idleMs }, claim);
    report({ kind: 'active', term: claim.term, position: claim.position });
    try {
      await term.run();
    } catch (error) {
      if (!(error instanceof StaleOwner)) throw error;
      report({ kind: 'stale', term: claim.term });
    } finally {
      term = null;
    }
  }

  async function loop(): Promise<void> {
    for (let claim = await standBy(); claim; claim = await standBy()) await serve(claim);
  }

  return {
    run: () => (running = loop()),
    async close() {
      closing.abort();
      await term?.close();
      await running.catch(() => undefined); // whoever runs it hears of it
    },
    state: () => ({ ...stateOf(term, clock), faults: faults.now() }),
  };
}

function stateOf(term: Term | null, clock: () => number): Omit<RelayState, 'faults'> {
  if (!term) return { active: false, term: null, position: null, checkpoint: null, lagMs: null };
  const since = term.behindSince();
  return {
    active: true,
    term: term.claim.term,
    position: term.position(),
    checkpoint: term.checkpoint(),
    lagMs: since === null ? 0 : Math.max(0, clock() - since),
  };
}
