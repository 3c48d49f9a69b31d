import type { LookedUpMessage } from '../../commands/ports.ts';
import type { MessageFacts } from '../../queries/chat-history/view.ts';

/** A message's present state out of its last fold and the changes since. */
export function stateOf({ sent, fold, changes }: MessageFacts): Omit<LookedUpMessage, 'reacted'> {
  const emojis = new Map<string, number>();
  for (const { emoji, count } of fold?.reactions ?? []) emojis.set(emoji, count);
  const state = {
    senderId: sent.senderId,
    rev: fold?.rev ?? 1,
    deleted: fold?.deleted ?? false,
    text: fold?.text ?? sent.text,
    mentions: fold?.mentions ?? sent.mentions ?? [],
    emojis,
  };
  for (const { rev, kind, emoji = '', text = '', mentions = [] } of changes) {
    state.rev = rev;
    if (kind === 'edited') Object.assign(state, { text, mentions });
    if (kind === 'deleted') {
      Object.assign(state, { deleted: true, text: '', mentions: [] });
      emojis.clear();
    }
    // The log holds no reaction twice and no removal of what is not there, so counting them is exact.
    if (kind === 'reacted') emojis.set(emoji, (emojis.get(emoji) ?? 0) + 1);
    if (kind === 'unreacted') drop(emojis, emoji);
  }
  return state;
}

function drop(emojis: Map<string, number>, emoji: string): void {
  const left = (emojis.get(emoji) ?? 1) - 1;
  if (left > 0) emojis.set(emoji, left);
  else emojis.delete(emoji);
}
