import { slotOf } from '../../events/partition.ts';
import { BEAT_MS, GATEWAY_DEAD_AFTER_MS } from '../../gateway/slots/limits.ts';
import type { LeaseTable } from '../../gateway/slots/ports.ts';
import type { Config } from '../../infra/config.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { createSlotLeases } from '../../infra/postgres/slot-leases.ts';

/** Which gateway serves whom, for whoever answers a session: that process need not be a gateway itself. */
export interface SlotDirectory {
  /** Null while nobody that is alive owns the user's slot. */
  urlOf(userId: string): string | null;
  close(): void;
}

export interface SlotDirectoryOptions {
  postgres: Postgres;
  config: Pick<Config, 'slots'>;
  onFault: (what: string, error?: unknown) => void;
}

export function slotDirectory({ postgres, config, onFault }: SlotDirectoryOptions): SlotDirectory {
  const leases = createSlotLeases(postgres, { slots: config.slots, deadAfterMs: GATEWAY_DEAD_AFTER_MS });
  let table: LeaseTable = { gateways: [], slots: [] };
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      table = await leases.table();
      failing = false;
    } catch (error) {
      if (!failing) onFault('the owners of slots cannot be read', error);
      failing = true;
    }
    timer = setTimeout(() => void look(), BEAT_MS);
    timer.unref();
  };
  void look();
  return {
    urlOf(userId) {
      const owner = table.slots[slotOf(userId, config.slots)]?.owner;
      return table.gateways.find(({ id }) => id === owner)?.url ?? null;
    },
    close: () => clearTimeout(timer),
  };
}
