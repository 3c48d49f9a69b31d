import { expect, test } from 'vitest';
import { trimMessages, weigh } from '../../commands/chat/messages-at-hand.ts';
import { type ChatState, emptyState } from '../../commands/chat/state.ts';
import { ANN, GROUP } from '../support/commands.ts';

const MIB = 1_048_576;

function stateOf(count: number, textLength: number): ChatState {
  const state = emptyState(GROUP);
  const rest = { senderId: ANN, rev: 1, deleted: false, mentions: [], complete: true };
  for (let seq = 1; seq <= count; seq++) {
    const text = 'x'.repeat(textLength);
    state.messages.set(`m${seq}`, { ...rest, seq, text, emojis: new Map(), reactors: new Map() });
  }
  return state;
}

const kept = ({ messages }: ChatState): number[] => [...messages.values()].map(({ seq }) => seq);

test.each([
  ['many', 2_000, 10, 512],
  ['long', 200, 16_000, 32],
])('of messages that are %s the newest stay, within what a chat may take', (_, count, textLength, stay) => {
  const state = stateOf(count, textLength);
  trimMessages(state);
  expect(kept(state)).toEqual(Array.from({ length: stay }, (__, n) => count - stay + 1 + n));
  expect(weigh(state)).toBeLessThan(1.1 * MIB);
});

test('few short ones all stay', () => {
  const state = stateOf(100, 100);
  trimMessages(state);
  expect(kept(state)).toHaveLength(100);
});
