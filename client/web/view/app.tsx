import type { VNode } from 'preact';
import { user } from '../state/client.ts';
import { openChatId } from '../state/conversation.ts';
import { asOf } from '../state/past.ts';
import { ChatList } from './chat-list.tsx';
import { Conversation } from './conversation.tsx';
import { Notice } from './notice.tsx';
import { SignIn } from './sign-in.tsx';

export function App(): VNode {
  if (!user.value) {
    return (
      <>
        <SignIn />
        <Notice />
      </>
    );
  }
  const open = openChatId.value !== null;
  return (
    <div class={`shell ${open ? 'is-open' : ''} ${asOf.value === null ? '' : 'is-past'}`}>
      <ChatList />
      {open ? <Conversation /> : <Empty />}
      <Notice />
    </div>
  );
}

function Empty(): VNode {
  return (
    <main class="empty">
      <p>Choose a conversation, and look back.</p>
    </main>
  );
}
