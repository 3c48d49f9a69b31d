import type { VNode } from 'preact';
import { nameOf } from '../state/people.ts';
import { typists } from '../state/presence.ts';

const NAMED_MAX = 3;

/** A line above the composer, there all the time so that it is read out when it says something. */
export function Typing(): VNode {
  return (
    <p class="typing" role="status">
      {wordsFor(typists.value)}
    </p>
  );
}

function wordsFor(userIds: readonly string[]): string {
  if (userIds.length === 0) return '';
  if (userIds.length > NAMED_MAX) return 'Several people are typing…';
  const names = userIds.map((userId) => nameOf(userId) ?? 'Somebody');
  const [last] = names.slice(-1);
  const others = names.slice(0, -1).join(', ');
  return others === '' ? `${last} is typing…` : `${others} and ${last} are typing…`;
}
