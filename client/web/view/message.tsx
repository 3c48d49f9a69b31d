import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { ChatPage, Message, Reaction } from '../../sdk/index.ts';
import { user } from '../state/client.ts';
import { toggleReaction } from '../state/conversation.ts';
import { asOf } from '../state/past.ts';
import { nameOf } from '../state/people.ts';
import { formatFull, formatTime, hueOf } from './format.ts';
import { MessageTools } from './message-tools.tsx';
import { ReplyPreview } from './reply-preview.tsx';
import { senderName } from './sender.ts';
import { Versions } from './versions.tsx';
import { Words } from './words.tsx';

const ACTION = /^\/me\s+/;

export function MessageItem({ message, follows, page }: { message: Message; follows: boolean; page: ChatPage }): VNode {
  const versions = useSignal(false);
  const live = asOf.value === null;
  const mine = message.senderId === user.value?.userId;
  const classes = ['message', follows && 'follows', mine && 'is-mine', message.deleted && 'is-deleted']
    .filter(Boolean)
    .join(' ');
  return (
    <li class={classes} id={`m-${message.messageId}`}>
      {message.replyTo && <ReplyPreview replyTo={message.replyTo} page={page} />}
      <div class="by">
        <span class={`sender ${hueOf(message.senderId)}`}>{senderName(message)}</span>
        <time dateTime={message.at} title={formatFull(message.at)}>
          {formatTime(message.at)}
        </time>
        {message.editedAt && (
          <button
            type="button"
            class="quiet mark"
            aria-expanded={versions.value}
            title={`Edited ${formatFull(message.editedAt)}`}
            onClick={() => (versions.value = !versions.value)}
          >
            edited
          </button>
        )}
      </div>
      <Body message={message} />
      {message.reactions.length > 0 && (
        <ul class="reactions" aria-label="Reactions">
          {message.reactions.map((reaction) => (
            <li key={reaction.emoji}>
              <ReactionButton message={message} reaction={reaction} live={live} />
            </li>
          ))}
        </ul>
      )}
      {versions.value && <Versions message={message} chatId={page.chatId} />}
      {live && !message.deleted && <MessageTools message={message} mine={mine} />}
    </li>
  );
}

function Body({ message }: { message: Message }): VNode {
  if (message.deleted) return <p class="words gone">This message was deleted.</p>;
  if (message.withheld !== null) return <p class="words gone">These words are not shown any more.</p>;
  const action = ACTION.test(message.text);
  return (
    <p class={`words ${action ? 'action' : ''}`} dir="auto">
      {action && `${senderName(message)} `}
      <Words text={action ? message.text.replace(ACTION, '') : message.text} />
    </p>
  );
}

function ReactionButton({ message, reaction, live }: { message: Message; reaction: Reaction; live: boolean }): VNode {
  const { emoji, count, mine, userIds } = reaction;
  const names = userIds.map((userId) => nameOf(userId) ?? '…').join(', ');
  const label = `${emoji}, ${count} ${count === 1 ? 'reaction' : 'reactions'}${mine ? ', one of them yours' : ''}`;
  return (
    <button
      type="button"
      class="reaction"
      aria-pressed={mine}
      aria-label={label}
      title={names}
      disabled={!live}
      onClick={() => toggleReaction(message, emoji)}
    >
      <span aria-hidden="true">{emoji}</span> {count}
    </button>
  );
}
