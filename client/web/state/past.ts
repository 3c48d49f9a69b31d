import { computed, signal } from '@preact/signals';
import { applyToPage, type ChatPage, type Point, pageOf, type SeenEvent, withOlder } from '../../sdk/index.ts';
import { chats, hindsight, tell } from './client.ts';
import { live, openChatId } from './conversation.ts';

/** Between two pages of a drag. */
const SPACING_MS = 60;
const PAGE_MESSAGES = 60;
/** While a replay runs the page keeps so many; older ones are loaded on demand again. */
const KEPT_MESSAGES = 200;

/** The seq as of which the chat is shown; null is now. The thumb follows it at once, the messages when they have come. */
export const asOf = signal<number | null>(null);
export const past = signal<ChatPage | null>(null);
export const loading = signal(false);

export const shown = computed<ChatPage | null>(() => (asOf.value === null ? live.value : past.value));
export const headSeq = computed(() => {
  const summary = chats.value.find(({ chatId }) => chatId === openChatId.value);
  return Math.max(summary?.headSeq ?? 0, live.value?.asOf.seq ?? 0);
});
/** The earliest moment that may be looked at. */
export const firstSeq = computed(() => {
  const from = chats.value.find(({ chatId }) => chatId === openChatId.value)?.visibleFrom ?? 1;
  return from > 1 ? from : 0;
});

/** Counts what makes an answer that is still on its way out of date. */
let turn = 0;
let inFlight: AbortController | null = null;
let following = false;

/** Shows the chat as it stood after that event; at the head, as it is now. */
export function goTo(seq: number): void {
  if (seq >= headSeq.value) return backToNow();
  asOf.value = Math.max(firstSeq.value, seq);
  loading.value = true;
  void follow();
}

export function backToNow(): void {
  inFlight?.abort();
  turn++;
  asOf.value = null;
  past.value = null;
  loading.value = false;
}

/** Loads where the thumb is, one page at a time, until it stands still. */
async function follow(): Promise<void> {
  if (following) return;
  following = true;
  while (asOf.value !== null && asOf.value !== past.value?.asOf.seq) {
    if (!(await loadAt(asOf.value))) break;
    await new Promise((resolve) => setTimeout(resolve, SPACING_MS));
  }
  following = false;
}

/** Loads the page as of that point. False where something else was asked for meanwhile, or it failed. */
export async function loadAt(point: Point): Promise<boolean> {
  const chatId = openChatId.value;
  if (chatId === null) return false;
  inFlight?.abort();
  const request = new AbortController();
  inFlight = request;
  const mine = ++turn;
  const thumb = asOf.value;
  loading.value = true;
  try {
    const answer = await hindsight.travel.messages(chatId, point, { limit: PAGE_MESSAGES, signal: request.signal });
    if (mine !== turn || openChatId.value !== chatId) return false;
    past.value = pageOf(answer);
    if (asOf.value !== thumb) return true; // the thumb has moved on: a view in passing
    asOf.value = answer.asOf.seq;
    loading.value = false;
    return true;
  } catch (error) {
    if (mine !== turn) return false;
    backToNow();
    tell(error);
    return false;
  }
}

export async function loadOlderPast(): Promise<void> {
  const page = past.value;
  if (page?.before == null) return;
  const answer = await hindsight.travel.messages(page.chatId, page.asOf.seq, {
    before: page.before,
    limit: PAGE_MESSAGES,
  });
  if (past.value === page) past.value = withOlder(page, pageOf(answer));
}

/** Lets these events happen to the shown page; those that it knows already do nothing. */
export function happen(events: readonly SeenEvent[]): void {
  let page = past.value;
  if (!page) return;
  const me = hindsight.session.user?.userId ?? '';
  for (const event of events) {
    const last = event.type === 'Hidden' ? event.throughSeq : event.seq;
    if (event.chatId === page.chatId && last > page.asOf.seq) page = applyToPage(page, event, me);
  }
  past.value = trimmed(page);
  asOf.value = page.asOf.seq;
}

function trimmed(page: ChatPage): ChatPage {
  if (page.messages.length <= 2 * KEPT_MESSAGES) return page;
  const messages = page.messages.slice(-KEPT_MESSAGES);
  return { ...page, messages, before: messages[0]?.seq ?? page.before };
}
