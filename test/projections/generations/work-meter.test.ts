import { expect, it } from 'vitest';
import { createWorkMeter } from '../../../projections/generations/meter.ts';

it('tells how long the rest will take by what was done since it was first asked', () => {
  let now = 0;
  const meter = createWorkMeter(() => now);
  expect(meter(0.2)).toEqual({ progress: 0.2, etaS: null });
  now = 10_000;
  expect(meter(0.2)).toEqual({ progress: 0.2, etaS: null });
  expect(meter(0.4)).toEqual({ progress: 0.4, etaS: 30 });
  now = 40_000;
  expect(meter(1)).toEqual({ progress: 1, etaS: 0 });
});
