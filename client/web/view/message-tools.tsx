import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Message } from '../../sdk/index.ts';
import { editing, remove, replyingTo, role, toggleReaction } from '../state/conversation.ts';
import { focusComposer } from './focus.ts';

const EMOJIS = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀'];

/** What can be done with a message; it shows on hover and on focus. */
export function MessageTools({ message, mine }: { message: Message; mine: boolean }): VNode {
  const open = useSignal<'no' | 'emojis' | 'deletion'>('no');
  const close = (): void => {
    open.value = 'no';
  };
  const react = (emoji: string): void => {
    close();
    toggleReaction(message, emoji);
  };
  const compose = (what: typeof replyingTo | typeof editing): void => {
    what.value = message;
    focusComposer();
  };
  return (
    <div
      class={`tools ${open.value === 'no' ? '' : 'is-open'}`}
      role="toolbar"
      aria-label="Message actions"
      onKeyDown={(event) => event.key === 'Escape' && close()}
      onMouseLeave={close}
    >
      {open.value === 'emojis' &&
        EMOJIS.map((emoji) => (
          <button key={emoji} type="button" aria-label={`React with ${emoji}`} onClick={() => react(emoji)}>
            {emoji}
          </button>
        ))}
      {open.value === 'deletion' && (
        <button type="button" class="danger" onClick={() => remove(message)}>
          Really delete
        </button>
      )}
      {open.value === 'no' && (
        <>
          <button type="button" aria-label="React" title="React" onClick={() => (open.value = 'emojis')}>
            ☺
          </button>
          <button type="button" aria-label="Reply" title="Reply" onClick={() => compose(replyingTo)}>
            ↩
          </button>
          {mine && (
            <button type="button" aria-label="Edit" title="Edit" onClick={() => compose(editing)}>
              ✎
            </button>
          )}
          {(mine || role.value === 'admin') && (
            <button type="button" aria-label="Delete" title="Delete" onClick={() => (open.value = 'deletion')}>
              ✕
            </button>
          )}
        </>
      )}
    </div>
  );
}
