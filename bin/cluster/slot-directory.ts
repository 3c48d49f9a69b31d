import { slotOf } from '../../events/partition.ts';
import { BEAT_MS } from '../../gateway/slots/limits.ts';
import type { LeaseTable, SlotLeases } from '../../gateway/slots/ports.ts';

/** Which gateway serves whom, for whoever answers a session: that process need not be a gateway itself. */
export interface SlotDirectory {
  /** While nobody that is alive owns the user's slot, one that is: it knows the owner first. Null where none is known. */
  urlOf(userId: string): string | null;
  /** The addresses of all gateways that are alive, each once. */
  urls(): readonly string[];
  close(): void;
}

export interface SlotDirectoryOptions {
  leases: Pick<SlotLeases, 'table'>;
  slots: number;
  onFault: (what: string, error?: unknown) => void;
}

export function slotDirectory({ leases, slots, onFault }: SlotDirectoryOptions): SlotDirectory {
  let table: LeaseTable = { gateways: [], slots: [] };
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const look = async (): Promise<void> => {
    try {
      table = await leases.table();
      failing = false;
    } catch (error) {
      if (!failing) onFault('the owners of slots cannot be read', error);
      failing = true;
    }
    if (closed) return;
    timer = setTimeout(() => void look(), BEAT_MS);
    timer.unref();
  };
  void look();
  return {
    urlOf(userId) {
      const { gateways } = table;
      const slot = slotOf(userId, slots);
      const owner = gateways.find(({ id }) => id === table.slots[slot]?.owner);
      return (owner ?? gateways[slot % gateways.length])?.url ?? null;
    },
    urls: () => [...new Set(table.gateways.map(({ url }) => url))],
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
