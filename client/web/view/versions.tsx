import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Message, Version } from '../../sdk/index.ts';
import { hindsight, tell } from '../state/client.ts';
import { seek } from '../state/player.ts';
import { formatMoment } from './format.ts';

/** Every text that a message ever had, each with the way back to its moment. */
export function Versions({ message, chatId }: { message: Message; chatId: string }): VNode {
  const versions = useSignal<Version[]>([]);
  useEffect(() => {
    hindsight.travel.versions(chatId, message.messageId).then((list) => {
      versions.value = list;
    }, tell);
  }, [message.messageId, message.text]);
  return (
    <ol class="versions" aria-label="Versions of this message">
      {versions.value.map(({ rev, seq, at, text, withheld }) => (
        <li key={rev}>
          <button type="button" class="quiet" onClick={() => seek(seq)}>
            <time dateTime={at}>{formatMoment(at)}</time>
          </button>
          <span>{withheld === null ? text : 'not shown any more'}</span>
        </li>
      ))}
    </ol>
  );
}
