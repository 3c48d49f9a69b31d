import { StoreError } from '../../../events/event-store.ts';
import { isOver } from '../../../infra/postgres/checkpoints.ts';
import { type Checkpoints, type Claim, type GroupName, StaleOwner } from '../../../projections/partitions/ports.ts';

const CONFIRM_EVERY_MS = 1_000;
/** Work stops where it was not confirmed for so long: a checkpoint that is silent for a little longer may be taken over. */
const CONFIRMED_WITHIN_MS = 3_000;

export interface Owned {
  readonly claim: Claim;
  /** Throws where another process has taken over, or may have: nobody has confirmed for a while that none did. */
  confirm(): void;
}

export interface AsOwner {
  readonly checkpoints: Pick<Checkpoints, 'claim' | 'move' | 'release'>;
  /** Names this process. */
  readonly owner: string;
  readonly group: GroupName;
  readonly partition: number;
  /** What was not done for the sake of the rest, and passes by itself. */
  readonly onFault: (what: string, error: unknown) => void;
}

/** Works as the owner of a partition. Whoever had it is overtaken; `busy` where the work is overtaken itself. */
export async function asOwner(of: AsOwner, work: (owned: Owned) => Promise<void>): Promise<void> {
  const { checkpoints, owner, group, partition, onFault } = of;
  const claim = await checkpoints.claim(group, partition, owner);
  const hold = holdOn(checkpoints, claim);
  try {
    await work({ claim, confirm: hold.confirm });
    await hold.move();
  } catch (error) {
    const overtaken = error instanceof StaleOwner || isOver(error);
    throw overtaken ? new StoreError('busy', `${group}, partition ${partition}: was taken over, once more`) : error;
  } finally {
    hold.end();
    // Then it is silent, and others have it a little later.
    await checkpoints.release(claim).catch((error: unknown) => onFault('a partition was not given back', error));
  }
}

/** Says now and then that the claim is still at work. */
function holdOn(checkpoints: AsOwner['checkpoints'], claim: Claim) {
  const { group, partition, position } = claim;
  const move = (): Promise<void> => checkpoints.move({ claim, from: position, to: position });
  let confirmedAt = performance.now();
  let confirming = false;
  let failure: unknown;
  async function say(): Promise<void> {
    if (confirming) return;
    confirming = true;
    const at = performance.now(); // it counts from before it was asked
    try {
      await move();
      confirmedAt = at;
      failure = undefined;
    } catch (error) {
      failure = error; // whoever confirms hears of it
    } finally {
      confirming = false;
    }
  }
  const timer = setInterval(() => void say(), CONFIRM_EVERY_MS);
  return {
    move,
    confirm(): void {
      if (failure instanceof StaleOwner) throw failure;
      const silentMs = performance.now() - confirmedAt;
      if (silentMs <= CONFIRMED_WITHIN_MS) return;
      const what = `${group}, partition ${partition}: nobody says whose it is`;
      throw new StoreError('unavailable', failure instanceof Error ? `${what}: ${failure.message}` : what, {
        cause: failure,
      });
    },
    end: (): void => clearInterval(timer),
  };
}
