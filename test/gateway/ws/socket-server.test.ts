import { expect, test } from 'vitest';
import { chooseSocketServer } from '../../../infra/ws/choose.ts';
import { socketServerContract } from '../../contracts/socket-server.ts';
import { adaptersHere } from './support/adapters.ts';

const { adapters, missing } = await adaptersHere();
for (const adapter of adapters) socketServerContract(adapter);

test(
  missing === null ? 'both adapters run here' : `ONLY ws RUNS HERE, uWebSockets.js was not tried: ${missing}`,
  async () => {
    const warnings: string[] = [];
    const chosen = await chooseSocketServer((message) => warnings.push(message));
    expect(chosen.adapter).toBe(missing === null ? 'uws' : 'ws');
    expect(warnings).toHaveLength(missing === null ? 0 : 1);
    if (missing !== null) expect(warnings[0]).toContain(chosen.reason);
  },
);
