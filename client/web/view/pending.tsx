import type { VNode } from 'preact';
import type { PendingMessage } from '../../sdk/index.ts';
import { user } from '../state/client.ts';
import { discard, sendAgain } from '../state/conversation.ts';
import { hueOf } from './format.ts';
import { Words } from './words.tsx';

/** A message of one's own that the server has not answered yet, or has refused. */
export function PendingItem({ item }: { item: PendingMessage }): VNode {
  const { message, error } = item;
  const me = user.value;
  return (
    <li class={`message is-pending ${error ? 'is-refused' : ''}`}>
      <div class="by">
        <span class={`sender ${hueOf(me?.userId ?? '')}`}>{me?.displayName}</span>
        <span class="mark">{error ? 'Not sent' : 'Sending…'}</span>
      </div>
      <p class="words">
        <Words text={message.text} />
      </p>
      {error && (
        <p class="refusal">
          {error.message}{' '}
          <button type="button" class="quiet" onClick={() => sendAgain(item)}>
            Send again
          </button>
          <button type="button" class="quiet" onClick={() => discard(message.messageId)}>
            Discard
          </button>
        </p>
      )}
    </li>
  );
}
