import { slotOf } from '../../events/partition.ts';
import { BEAT_MS } from '../../gateway/slots/limits.ts';
import type { LeaseTable, SlotLeases } from '../../gateway/slots/ports.ts';

/** Which gateway serves whom, for whoever answers a session: that process need not be a gateway itself. */
export interface SlotDirectory {
  /** Null while nobody that is alive owns the user's slot. */
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
      const owner = table.slots[slotOf(userId, slots)]?.owner;
      return table.gateways.find(({ id }) => id === owner)?.url ?? null;
    },
    urls: () => [...new Set(table.gateways.map(({ url }) => url))],
    close: () => clearTimeout(timer),
  };
}
