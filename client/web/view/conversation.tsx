import type { VNode } from 'preact';
import { chats } from '../state/client.ts';
import { openChatId, openConversation } from '../state/conversation.ts';
import { asOf, backToNow, headSeq, shown } from '../state/past.ts';
import { stop } from '../state/player.ts';
import { titleOf } from './chat-list.tsx';
import { Composer } from './composer.tsx';
import { formatCount, formatFull } from './format.ts';
import { Messages } from './messages.tsx';
import { TimeBar } from './time-bar.tsx';

export function Conversation(): VNode {
  return (
    <main class="conversation">
      <Header />
      <Banner />
      <Lag />
      <Messages />
      <TimeBar />
      <Composer />
    </main>
  );
}

/** Title and members are of the moment shown, as everything else is. */
function Header(): VNode {
  const page = shown.value;
  const summary = chats.value.find(({ chatId }) => chatId === openChatId.value);
  const title = page?.title ?? (summary ? titleOf(summary) : '…');
  return (
    <header class="conversation-header">
      <button
        type="button"
        class="quiet back"
        aria-label="Back to the conversations"
        onClick={() => openConversation(null)}
      >
        ←
      </button>
      <h1>{title}</h1>
      {page && <p>{page.memberCount === 1 ? '1 member' : `${formatCount(page.memberCount)} members`}</p>}
    </header>
  );
}

/** Nothing of this is the reader's to mend; they must only not take what is missing for what never was. */
function Lag(): VNode | null {
  const lagging = shown.value?.lagging;
  if (!lagging) return null;
  return (
    <section class="banner" aria-label="History lags">
      <p>
        <strong>The history of this conversation lags</strong> since{' '}
        <time dateTime={lagging.since}>{formatFull(lagging.since)}</time>. New messages come and go as ever; what came
        after that may be missing when you go back to it.
      </p>
    </section>
  );
}

function Banner(): VNode | null {
  if (asOf.value === null) return null;
  const at = shown.value?.asOf.at;
  const back = (): void => {
    stop();
    backToNow();
  };
  return (
    <section class="banner" aria-label="The past">
      <p>
        <strong>As it stood</strong> {at ? <time dateTime={at}>{formatFull(at)}</time> : 'before the first event'}
        <span class="pin">
          event {formatCount(asOf.value)} of {formatCount(headSeq.value)}
        </span>
      </p>
      <button type="button" class="primary" onClick={back}>
        Back to now
      </button>
    </section>
  );
}
