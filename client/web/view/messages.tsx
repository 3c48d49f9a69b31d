import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ChatPage, Message } from '../../sdk/index.ts';
import { tell } from '../state/client.ts';
import { loadOlder, pending } from '../state/conversation.ts';
import { asOf, loading, loadOlderPast, shown } from '../state/past.ts';
import { formatDay, sameDay } from './format.ts';
import { MessageItem } from './message.tsx';
import { PendingItem } from './pending.tsx';

/** Nearer to the end than this, the view stays at the end. */
const AT_END_PX = 80;
/** Messages of one sender within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

export function Messages(): VNode {
  const box = useRef<HTMLDivElement>(null);
  const page = shown.value;
  const isPast = asOf.value !== null;
  useStayAtEnd(box, page);
  return (
    <div
      class={`messages ${loading.value ? 'is-loading' : ''}`}
      ref={box}
      tabIndex={0}
      role="log"
      aria-label="Messages"
      aria-live={isPast ? 'off' : 'polite'}
      aria-busy={loading.value}
    >
      {page?.before != null && <Older box={box} />}
      {page && page.messages.length === 0 && (
        <p class="hint">{isPast ? 'Nothing had been said yet.' : 'Nothing has been said yet.'}</p>
      )}
      <ol>
        {page?.messages.map((message, index) => (
          <Row key={message.messageId} message={message} previous={page.messages[index - 1]} page={page} />
        ))}
        {!isPast && pending.value.map((item) => <PendingItem key={item.message.messageId} item={item} />)}
      </ol>
    </div>
  );
}

function Row({ message, previous, page }: { message: Message; previous: Message | undefined; page: ChatPage }): VNode {
  const newDay = !previous || !sameDay(previous.at, message.at);
  const follows =
    !newDay &&
    previous?.senderId === message.senderId &&
    !message.replyTo &&
    Date.parse(message.at) - Date.parse(previous.at) < TOGETHER_MS;
  return (
    <>
      {newDay && (
        <li class="day">
          <span>{formatDay(message.at)}</span>
        </li>
      )}
      <MessageItem message={message} follows={follows} page={page} />
    </>
  );
}

function Older({ box }: { box: { current: HTMLDivElement | null } }): VNode {
  const busy = useSignal(false);
  const load = async (): Promise<void> => {
    busy.value = true;
    const fromEnd = (box.current?.scrollHeight ?? 0) - (box.current?.scrollTop ?? 0);
    try {
      await (asOf.value === null ? loadOlder() : loadOlderPast());
      // What one was reading stays where it was.
      requestAnimationFrame(() => {
        if (box.current) box.current.scrollTop = box.current.scrollHeight - fromEnd;
      });
    } catch (error) {
      tell(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <button type="button" class="quiet older" disabled={busy.value} onClick={() => void load()}>
      Older messages
    </button>
  );
}

/** At the end the view stays at the end; of another chat or moment it begins there. */
function useStayAtEnd(box: { current: HTMLDivElement | null }, page: ChatPage | null): void {
  const last = useRef({ chatId: '', atEnd: true, past: false });
  const isPast = asOf.value !== null;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      last.current.atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX;
    };
    const observer = new ResizeObserver(() => {
      if (last.current.atEnd) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    const moved = last.current.chatId !== page?.chatId || last.current.past !== isPast;
    if (element && (moved || last.current.atEnd)) element.scrollTop = element.scrollHeight;
    last.current = { chatId: page?.chatId ?? '', atEnd: moved || last.current.atEnd, past: isPast };
  }, [page, pending.value, isPast]);
}
