import type { LeaseTable, SlotLeases } from '../../gateway/slots/ports.ts';
import type { Postgres } from './pool.ts';

export interface SlotLeasesOptions {
  readonly slots: number;
  /** A gateway that has not been heard of for so long is dead, by the database's clock. */
  readonly deadAfterMs: number;
}

/** What is left of gateways that went without a word is cleared away after so long. */
const FORGOTTEN_AFTER = "interval '10 minutes'";
/** A beat that is lost in a crash of the server is followed by the next: nobody waits for the disk. */
const BEAT = `INSERT INTO gateways (id, url, seen_at)
  SELECT $1, $2, clock_timestamp() FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
  ON CONFLICT (id) DO UPDATE SET url = excluded.url, seen_at = excluded.seen_at`;
const ALIVE =
  "SELECT id, url FROM gateways WHERE seen_at > clock_timestamp() - $1 * interval '1 millisecond' ORDER BY id";

/** Who owns which slot, where all gateways of a cluster see it. */
export function createSlotLeases(postgres: Postgres, { slots, deadAfterMs }: SlotLeasesOptions): SlotLeases {
  let prepared: Promise<unknown> | null = null;
  const prepare = async (): Promise<void> => {
    await postgres.execute('INSERT INTO slots (slot) SELECT generate_series(0, $1 - 1) ON CONFLICT (slot) DO NOTHING', [
      slots,
    ]);
    await postgres.execute(`DELETE FROM gateways WHERE seen_at < clock_timestamp() - ${FORGOTTEN_AFTER}`);
  };
  const table = async (): Promise<LeaseTable> => {
    const [gateways, owned] = await Promise.all([
      postgres.query<LeaseTable['gateways'][number]>({ name: 'gateways-alive', text: ALIVE }, [deadAfterMs]),
      postgres.query<LeaseTable['slots'][number]>(
        { name: 'slots-owned', text: 'SELECT slot, owner, term FROM slots WHERE slot < $1 ORDER BY slot' },
        [slots],
      ),
    ]);
    return { gateways, slots: owned };
  };
  return {
    table,
    async beat({ id, url }) {
      prepared ??= prepare();
      await prepared.catch((error: unknown) => {
        prepared = null;
        throw error;
      });
      await postgres.execute({ name: 'gateway-beat', text: BEAT }, [id, url]);
      return table();
    },
    async claim({ slot, term, gatewayId }) {
      const claimed = await postgres.execute(
        'UPDATE slots SET owner = $3, term = term + 1 WHERE slot = $1 AND term = $2',
        [slot, term, gatewayId],
      );
      return claimed === 1;
    },
    async leave(gatewayId) {
      await postgres.execute('DELETE FROM gateways WHERE id = $1', [gatewayId]);
    },
  };
}
