import type { ChatSlots, ChatSlotsStore } from '../../../projections/deliveries/ports.ts';
import { type Checkpoints, StaleOwner } from '../../../projections/partitions/ports.ts';

type Row = Pick<ChatSlots, 'headSeq'> & { readonly counts: readonly (readonly [number, number])[] };

export interface MemoryChatSlots {
  /** One for each claim: what it has loaded is its own. */
  open(): ChatSlotsStore;
  /** How many rows were ever read. */
  loaded(): number;
}

/** Rows that last as long as their process, shared by what plays the processes of a test. */
export function memoryChatSlots(checkpoints: Checkpoints): MemoryChatSlots {
  const rows = new Map<string, Row>();
  let loaded = 0;

  function open(): ChatSlotsStore {
    const known = new Map<string, ChatSlots>();
    const touched = new Set<ChatSlots>();
    const reset = (): void => {
      known.clear();
      touched.clear();
    };
    return {
      async load(chatIds) {
        for (const chatId of chatIds) {
          if (known.has(chatId)) continue;
          const row = rows.get(chatId);
          if (row) loaded += 1;
          known.set(chatId, { chatId, headSeq: row?.headSeq ?? 0, counts: new Map(row?.counts) });
        }
      },
      of(chatId) {
        const chat = known.get(chatId);
        if (!chat) throw new Error(`chat ${chatId} was not loaded before its batch`);
        return chat;
      },
      touch: (chat) => void touched.add(chat),
      async commit(step) {
        try {
          await checkpoints.move(step);
        } catch (error) {
          if (error instanceof StaleOwner) reset();
          throw error;
        }
        for (const { chatId, headSeq, counts } of touched) rows.set(chatId, { headSeq, counts: [...counts] });
        touched.clear();
      },
      reset,
    };
  }

  return { open, loaded: () => loaded };
}
