import type { VNode } from 'preact';
import { notice } from '../state/client.ts';

/** What went wrong, until somebody has read it. */
export function Notice(): VNode {
  return (
    <div class="notice" role="alert">
      {notice.value !== null && (
        <p>
          <span>{notice.value}</span>
          <button type="button" class="quiet" onClick={() => (notice.value = null)}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
