import { effect, useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Message } from '../../sdk/index.ts';
import { user } from '../state/client.ts';
import {
  editing,
  live,
  type OwnMessage,
  openChatId,
  pending,
  replyingTo,
  rewrite,
  say,
} from '../state/conversation.ts';
import { asOf } from '../state/past.ts';
import { sayTyping } from '../state/presence.ts';
import { COMPOSER_ID } from './focus.ts';
import { senderName } from './sender.ts';
import { Typing } from './typing.tsx';

const HEIGHT_MAX_PX = 180;

export function Composer(): VNode {
  const text = useSignal('');
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const offEdit = effect(() => {
      text.value = editing.value?.text ?? '';
    });
    const offChat = effect(() => {
      if (openChatId.value !== null) text.value = '';
    });
    return () => {
      offEdit();
      offChat();
    };
  }, []);
  useEffect(() => fit(box.current), [text.value]);

  const submit = (): void => {
    const words = text.value.trim();
    if (words === '') return;
    if (editing.value) rewrite(editing.value, words);
    else say(words);
    text.value = '';
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && text.value === '' && !editing.value) {
      event.preventDefault();
      editing.value = lastOfMine();
    } else if (event.key === 'Escape') {
      editing.value = null;
      replyingTo.value = null;
    }
  };

  if (asOf.value !== null) return <p class="composer-closed">The past can be read, not changed.</p>;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Typing />
      <Context />
      <textarea
        id={COMPOSER_ID}
        ref={box}
        rows={1}
        value={text.value}
        aria-label="Message"
        placeholder="Write a message"
        onInput={(event) => {
          text.value = event.currentTarget.value;
          sayTyping();
        }}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="primary" disabled={text.value.trim() === ''}>
        {editing.value ? 'Save' : 'Send'}
      </button>
    </form>
  );
}

/** As high as its words, up to a limit. */
function fit(box: HTMLTextAreaElement | null): void {
  if (!box) return;
  box.style.height = 'auto';
  box.style.height = `${Math.min(box.scrollHeight, HEIGHT_MAX_PX)}px`;
}

function Context(): VNode | null {
  const about = replyingTo.value;
  const doing = editing.value ? 'Editing your message' : about && `Replying to ${senderName(about)}: ${about.text}`;
  if (!doing) return null;
  const drop = (): void => {
    editing.value = null;
    replyingTo.value = null;
  };
  return (
    <p class="context">
      <span>{doing}</span>
      <button type="button" class="quiet" onClick={drop}>
        Cancel
      </button>
    </p>
  );
}

function lastOfMine(): OwnMessage | null {
  const coming = pending.value.findLast(({ error }) => error === null)?.message;
  const isMine = (message: Message): boolean => message.senderId === user.value?.userId && !message.deleted;
  return coming ?? live.value?.messages.findLast(isMine) ?? null;
}
