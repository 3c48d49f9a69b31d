import { expect, it } from 'vitest';
import { howFar } from '../../../bin/embedded/how-far.ts';

const live = { progress: null, etaS: null };

it.each([
  [
    'the least of them, and the longest',
    [{ progress: 0.5, etaS: 7 }, live, { progress: 0.129, etaS: 30 }],
    '12 %, about 30 s to go',
  ],
  [
    'what is known of them',
    [
      { progress: 0.5, etaS: null },
      { progress: 0.6, etaS: 2 },
    ],
    '50 %, about 2 s to go',
  ],
  ['no time where none is known', [{ progress: 0, etaS: null }], '0 %'],
  ['nothing where all are near', [live, live], null],
  ['nothing of no views', [], null],
])('says %s', (_, states, said) => {
  expect(howFar(states)).toBe(said);
});
