import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ChatPage, Message } from '../../sdk/index.ts';
import { hindsight } from '../state/client.ts';
import { hueOf } from './format.ts';
import { senderName } from './sender.ts';

/** What a message answers, as it stands at the moment shown. */
export function ReplyPreview({
  replyTo,
  page,
}: {
  replyTo: { messageId: string; seq: number };
  page: ChatPage;
}): VNode {
  const fetched = useSignal<Message | null>(null);
  const here = page.messages.find(({ messageId }) => messageId === replyTo.messageId);
  useEffect(() => {
    if (here || replyTo.seq > page.asOf.seq) return;
    const request = new AbortController();
    const { chatId, asOf } = page;
    hindsight.travel.messages(chatId, asOf.seq, { before: replyTo.seq + 1, limit: 1, signal: request.signal }).then(
      ({ messages }) => {
        fetched.value = messages.find(({ messageId }) => messageId === replyTo.messageId) ?? null;
      },
      () => undefined, // it stays “an earlier message”
    );
    return () => request.abort();
  }, [replyTo.messageId, here === undefined]);
  const original = here ?? fetched.value;
  const go = (): void => {
    const element = document.getElementById(`m-${replyTo.messageId}`);
    element?.scrollIntoView({ block: 'center' });
  };
  return (
    <button type="button" class={`reply quiet ${hueOf(original?.senderId ?? '')}`} onClick={go} disabled={!here}>
      <span class="hidden-text">In reply to </span>
      {original ? (
        <>
          <b>{senderName(original)}</b> {original.deleted ? 'a deleted message' : original.text}
        </>
      ) : (
        'an earlier message'
      )}
    </button>
  );
}
