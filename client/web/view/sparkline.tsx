import type { VNode } from 'preact';
import { type Sample, samples } from '../state/activity.ts';

const HEIGHT = 20;
const WIDTH = 320;

/** How fast the conversation went where: events per time between two samples, on a logarithmic scale. */
export function Sparkline(): VNode | null {
  const bars = pace(samples.value);
  if (bars.length === 0) return <svg class="sparkline" aria-hidden="true" />;
  const width = WIDTH / bars.length;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((share, index) => (
        <rect
          key={index}
          x={index * width + width * 0.15}
          width={width * 0.7}
          y={HEIGHT * (1 - share)}
          height={HEIGHT * share}
          rx={1}
        />
      ))}
    </svg>
  );
}

/** In 0 to 1, the fastest stretch 1. */
function pace(list: readonly Sample[]): number[] {
  const rates = list.slice(1).map((sample, index) => {
    const before = list[index];
    if (!before) return 0;
    const minutes = Math.max(1 / 60, (sample.at - before.at) / 60_000);
    return Math.log1p((100 * (sample.seq - before.seq)) / minutes);
  });
  const most = Math.max(...rates, Number.MIN_VALUE);
  return rates.map((rate) => Math.max(0.06, rate / most));
}
