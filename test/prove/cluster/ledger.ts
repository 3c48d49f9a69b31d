/** What went wrong for one listener: all of it has to be nothing. */
export interface Wrongs {
  /** Seqs that were passed over, and did not come later. */
  lost: number;
  /** Seqs that came again, and messages that came under two seqs. */
  duplicated: number;
  /** Seqs that came after a later one. */
  reordered: number;
  /** Whatever else was noted: a chat that is gone, a send that was refused. */
  other: number;
  /** In words, the first of them. */
  first: string | null;
}

export interface Acked {
  readonly chatId: string;
  readonly seq: number;
}

/** Holds every event that one client was pushed against those before it, and at last against what was acknowledged. */
export interface Ledger {
  readonly wrongs: Readonly<Wrongs>;
  /** How many events there were. */
  events(): number;
  /** The greatest seq of a chat; 0 where nothing of it came. */
  lastSeq(chatId: string): number;
  /** False where it came before. */
  take(event: { chatId: string; seq: number; messageId: string | null }): boolean;
  /** Something that is wrong beside the seqs. */
  note(wrong: string): void;
  /** How many acknowledged messages of its chats did not come under the seq that was acknowledged. */
  missing(acked: Iterable<readonly [messageId: string, acked: Acked]>): number;
}

interface Chat {
  last: number;
  /** Seqs before `last` that have not come. */
  readonly open: Set<number>;
  readonly seqOf: Map<string, number>;
}

export function createLedger(name: string, chatIds: readonly string[]): Ledger {
  const wrongs: Wrongs = { lost: 0, duplicated: 0, reordered: 0, other: 0, first: null };
  const chats = new Map<string, Chat>(chatIds.map((id) => [id, { last: 0, open: new Set(), seqOf: new Map() }]));
  let events = 0;
  const tell = (wrong: string): void => {
    wrongs.first ??= `${name}: ${wrong}`;
  };

  function place(chat: Chat, seq: number, where: string): boolean {
    if (seq > chat.last) {
      for (let passed = chat.last + 1; passed < seq; passed++) chat.open.add(passed);
      if (seq > chat.last + 1) tell(`seq ${seq} after ${chat.last} ${where}`);
      wrongs.lost += seq - chat.last - 1;
      chat.last = seq;
      return true;
    }
    if (chat.open.delete(seq)) {
      wrongs.lost--;
      wrongs.reordered++;
      tell(`seq ${seq} came after ${chat.last} ${where}`);
      return true;
    }
    wrongs.duplicated++;
    tell(`seq ${seq} came again after ${chat.last} ${where}`);
    return false;
  }

  return {
    wrongs,
    note(wrong) {
      wrongs.other++;
      tell(wrong);
    },
    events: () => events,
    lastSeq: (chatId) => chats.get(chatId)?.last ?? 0,
    take({ chatId, seq, messageId }) {
      events++;
      const chat = chats.get(chatId);
      if (!chat) {
        tell(`an event of ${chatId}, which is not a chat of its`);
        wrongs.duplicated++;
        return false;
      }
      const isNew = place(chat, seq, `in ${chatId}`);
      if (messageId === null) return isNew;
      const before = chat.seqOf.get(messageId);
      if (before === undefined) chat.seqOf.set(messageId, seq);
      else if (before !== seq) {
        wrongs.duplicated++;
        tell(`message ${messageId} is seq ${before} and seq ${seq} in ${chatId}`);
      }
      return isNew;
    },
    missing(acked) {
      let missing = 0;
      for (const [messageId, { chatId, seq }] of acked) {
        const chat = chats.get(chatId);
        if (!chat || chat.seqOf.get(messageId) === seq) continue;
        missing++;
        tell(`message ${messageId} was acknowledged as seq ${seq} in ${chatId} and did not come as that`);
      }
      return missing;
    },
  };
}
