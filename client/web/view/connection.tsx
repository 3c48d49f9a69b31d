import type { VNode } from 'preact';
import { connection, hindsight, stopped } from '../state/client.ts';

const WORDS = {
  idle: 'Not connected',
  connecting: 'Connecting…',
  open: 'Live',
  waiting: 'Reconnecting…',
  stopped: 'Disconnected',
};

export function Connection(): VNode {
  const elsewhere = stopped.value === 'replaced';
  return (
    <div class={`connection is-${connection.value}`}>
      <span role="status">{elsewhere ? 'Open in another tab' : WORDS[connection.value]}</span>
      {connection.value === 'stopped' && (
        <button type="button" class="quiet" onClick={() => hindsight.socket.start()}>
          {elsewhere ? 'Use it here' : 'Connect'}
        </button>
      )}
    </div>
  );
}
