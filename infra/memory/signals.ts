import type { Signal, Signals } from '../../gateway/signals/port.ts';

/** One gateway serves everybody: one slot, and no way to go but into the next turn. */
export function createMemorySignals(): Signals {
  return createSignalsHub({ slots: 1, slotOf: () => 0 }).gateway(() => true);
}

/** Several gateways in one process, as tests have them: each receives the signals of the slots that it owns. */
export interface SignalsHub {
  gateway(owns: (slot: number) => boolean): Signals;
}

type Listener = (slot: number, signal: Signal) => void;

export function createSignalsHub({ slots, slotOf }: Pick<Signals, 'slots' | 'slotOf'>): SignalsHub {
  const gateways = new Set<{ owns: (slot: number) => boolean; listeners: Set<Listener> }>();
  const deliver = (slot: number, signal: Signal): void => {
    for (const { owns, listeners } of gateways)
      if (owns(slot)) for (const listener of listeners) listener(slot, signal);
  };
  return {
    gateway(owns) {
      const listeners = new Set<Listener>();
      gateways.add({ owns, listeners });
      return {
        slots,
        slotOf,
        send: (slot, signal) => queueMicrotask(() => deliver(slot, signal)),
        receive(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      };
    },
  };
}
