import type { Outcome } from '../../../../events/error-codes.ts';
import type { ActedBy } from '../port.ts';
import type { RecordOps } from '../recorded.ts';
import type { ParkedAdmin, ParkedOutcome, ParkedPlace } from './port.ts';

/** What can be done in somebody's name. */
export interface ParkedActs extends Pick<ParkedAdmin, 'list' | 'retry'> {
  /** Needs a reason. */
  skip(place: ParkedPlace): Promise<Outcome<ParkedOutcome>>;
}

/** What cannot be recorded is not done; what became of it is recorded after, refused or not. */
export function recordedParked(admin: ParkedAdmin, record: RecordOps, by: ActedBy): ParkedActs {
  const { actor, reason } = by;
  async function recorded(
    action: 'retry' | 'skip',
    { view, key }: ParkedPlace,
    work: () => Promise<Outcome<ParkedOutcome>>,
  ): Promise<Outcome<ParkedOutcome>> {
    const say = (outcome: string, details?: object): Promise<void> => {
      const data = { action, target: `${view} ${key}`, outcome, ...(reason !== undefined && { reason }) };
      return record({ actor, area: 'parked', type: 'OperatorActed', data: { ...data, ...(details && { details }) } });
    };
    await say('asked');
    const outcome = await work();
    if (!outcome.ok) await say(outcome.rejection.code);
    else await say(...becameOf(outcome.value));
    return outcome;
  }
  return {
    list: admin.list,
    retry: (place) => recorded('retry', place, () => admin.retry(place)),
    skip: (place) => recorded('skip', place, () => admin.skip(place, { actor, reason: reason ?? '' })),
  };
}

function becameOf({ released, parked, pending }: ParkedOutcome): [outcome: string, details: object] {
  const details = { released: released.length, parked: parked.length, pending: pending.length };
  return [parked.length > 0 ? 'failed' : pending.length > 0 ? 'accepted' : 'done', details];
}
