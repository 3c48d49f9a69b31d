import type { ChatEvent } from '../../events/chat.ts';
import type { ChatId } from '../../events/ids.ts';
import type { ChatLogReader } from './view.ts';

/** Events past the view that are looked through for an instant one by one; beyond that the log halves its way. */
const TAIL_SCAN_MAX = 500;

/**
 * A chat log that is never behind: the view answers as far as it holds a chat, the log itself for the rest. So what was
 * long ago, and all of a reconnect but its last events, costs the log nothing.
 */
export const withTail = (view: ChatLogReader, log: ChatLogReader): ChatLogReader => ({
  async events(chatId, page) {
    const held = await view.events(chatId, page);
    const after = held.at(-1)?.seq ?? page.after;
    const left = Math.min(page.limit - held.length, (page.through ?? Number.POSITIVE_INFINITY) - after);
    return left > 0 ? [...held, ...(await log.events(chatId, { ...page, after, limit: left }))] : held;
  },
  head: (chatId) => log.head(chatId),
  atOf: async (chatId, seq) => (await view.atOf(chatId, seq)) ?? log.atOf(chatId, seq),
  async seqAt(chatId, time) {
    // The view's end first, or a later answer could pass for an earlier end.
    const end = await view.head(chatId);
    if (end !== null && Date.parse(end.at) > time) return view.seqAt(chatId, time);
    return seqInTail(log, { chatId, time, end });
  },
});

type SeqAndTime = { seq: number; at: string };

/** The last event at or before a time that the view's last one, where it has any, is not later than. */
async function seqInTail(
  log: ChatLogReader,
  { chatId, time, end }: { chatId: ChatId; time: number; end: SeqAndTime | null },
): Promise<SeqAndTime | null> {
  const head = await log.head(chatId);
  if (head === null || Date.parse(head.at) <= time) return head;
  const after = end?.seq ?? 0;
  if (head.seq - after > TAIL_SCAN_MAX) return log.seqAt(chatId, time);
  const tail: ChatEvent[] = await log.events(chatId, { after, limit: TAIL_SCAN_MAX, through: head.seq });
  const last = tail.findLast(({ at }) => Date.parse(at) <= time);
  return last ? { seq: last.seq, at: last.at } : end;
}
