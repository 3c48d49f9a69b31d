import { expect, it } from 'vitest';
import { plantedPart } from '../prove/planted.ts';
import { bigLog, killRebuilds } from '../prove/rebuild-kills.ts';

const SEED = 5;
/** Where a kill falls: in a phase, before the first or after the last. */
const PHASES = ['begun', 'building', 'catching-up', 'verifying', 'switching', 'switched'];
const say = (): void => undefined;

it(`a rebuild that is killed now and then ends with what was live all the while (seed ${SEED})`, {
  timeout: 300_000,
}, async () => {
  const found = await killRebuilds({ fill: bigLog(40_000, SEED), kills: 2, seed: SEED, say });
  expect(found['rows']).toBeGreaterThan(40_000);
  const kills = PHASES.map((phase) => Number(found[phase] ?? 0));
  expect(kills.reduce((sum, count) => sum + count, 0)).toBe(2);
});

it(`verify finds every row that was planted, and none besides (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const found = await plantedPart.run({ share: 0.02, seed: SEED, say });
  for (const view of ['chat-history', 'user-chats', 'members', 'users']) expect(found[view]).toBe(60);
});
