import { parseArgs } from 'node:util';
import { asOfPart } from './as-of.ts';
import { clusterEqualPart } from './cluster/cluster-equal.ts';
import { clusterFaultsPart } from './cluster/cluster-faults.ts';
import { clusterPlantedPart } from './cluster/planted.ts';
import { clusterRebuildKillsPart } from './cluster/rebuild-kills.ts';
import { crashPart } from './crash.ts';
import { exportEqualPart } from './export-equal.ts';
import { hostilePart } from './hostile.ts';
import type { Part } from './part.ts';
import { plantedPart } from './planted.ts';
import { rebuildKillsPart } from './rebuild-kills.ts';
import { socketsPart } from './sockets.ts';

/** `npm run prove -- [--share 0.1] [--seed N] [--part NAME]… [--only NAME]…`: the promises, put to the test at full count. */
const PARTS: readonly Part[] = [
  asOfPart,
  crashPart,
  socketsPart,
  hostilePart,
  plantedPart,
  rebuildKillsPart,
  clusterEqualPart,
  clusterFaultsPart,
  clusterRebuildKillsPart,
  clusterPlantedPart,
  exportEqualPart,
];

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '1' },
    seed: { type: 'string' },
    part: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
  },
});
const share = Number(values.share);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(share > 0 && share <= 1)) throw new Error(`--share ${values.share}: a number above 0 and at most 1`);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed}: a whole number`);
const unknown = values.part?.find((name) => !PARTS.some((part) => part.name === name));
if (unknown !== undefined) {
  throw new Error(`there is no part ${unknown}: there are ${PARTS.map(({ name }) => name).join(', ')}`);
}
const wanted = PARTS.filter(({ name, onlyNamed }) => values.part?.includes(name) ?? onlyNamed !== true);

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const secondsSince = (began: number): number => Math.round((performance.now() - began) / 1_000);
say(`prove: share ${share}, seed ${seed}`);
let passed = 0;
for (const part of wanted) {
  const began = performance.now();
  try {
    const facts = await part.run({
      share,
      seed,
      ...(values.only && { only: values.only }),
      say: (text) => say(`  ${part.name}: ${text}`),
    });
    say(`${part.name}: ${part.what}: ${JSON.stringify(facts)} in ${secondsSince(began)} s`);
    passed++;
  } catch (error) {
    const what = error instanceof Error ? error.stack : String(error);
    say(`${part.name}: FAILED after ${secondsSince(began)} s: ${what}`);
  }
}
say(`${passed} passed, ${wanted.length - passed} failed`);
process.exit(passed === wanted.length ? 0 : 1);
