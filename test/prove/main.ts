import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
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

/**
 * `npm run prove -- [--share 0.1] [--seed N] [--part NAME]… [--only FAULT]… [--afresh]`: the promises, put to the test at full count.
 * Parts that were proved with the same share and seed are not run again, so that a run that was stopped goes on.
 */
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
const STATE = join(PACKAGE_ROOT, 'node_modules', '.cache', 'hindsight', 'proved.json');

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '1' },
    seed: { type: 'string' },
    part: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    afresh: { type: 'boolean', default: false },
  },
});
const share = Number(values.share);
const seed = values.seed === undefined ? (readState().seed ?? Date.now() % 2 ** 31) : Number(values.seed);
const wanted = PARTS.filter(({ name, onlyNamed }) => values.part?.includes(name) ?? onlyNamed !== true);
const state =
  values.afresh || readState().share !== share || readState().seed !== seed ? { share, seed, proved: {} } : readState();

function readState(): { share?: number; seed?: number; proved: Record<string, unknown> } {
  return existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : { proved: {} };
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`prove: share ${share}, seed ${seed}`);
let passed = 0;
let failed = 0;
for (const part of wanted) {
  if (part.name in state.proved) {
    say(`${part.name}: proved earlier: ${JSON.stringify(state.proved[part.name])}`);
    passed++;
    continue;
  }
  const started = Date.now();
  try {
    const facts = await part.run({
      share,
      seed,
      ...(values.only && { only: values.only }),
      say: (text) => say(`  ${part.name}: ${text}`),
    });
    say(`${part.name}: ${part.what}: ${JSON.stringify(facts)} in ${Math.round((Date.now() - started) / 1_000)} s`);
    passed++;
    if (values.only) continue; // a part of it
    state.proved[part.name] = facts;
    mkdirSync(dirname(STATE), { recursive: true });
    writeFileSync(STATE, JSON.stringify(state));
  } catch (error) {
    say(
      `${part.name}: FAILED after ${Math.round((Date.now() - started) / 1_000)} s: ${error instanceof Error ? error.stack : String(error)}`,
    );
    failed++;
  }
}
say(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
