import type { VNode } from 'preact';

export function Brand(): VNode {
  return (
    <span class="brand">
      <img src="/favicon.svg" alt="" width="28" height="28" />
      Hindsight
    </span>
  );
}
