import { parseArgs } from 'node:util';
import { benchAsOf } from './as-of.ts';
import { benchBackup } from './backup.ts';
import { benchCassandraAdapter } from './cassandra-adapter.ts';
import { benchBigGroup } from './cluster/big-group.ts';
import { benchCatchUp } from './cluster/catch-up.ts';
import { benchClusterLatency } from './cluster/latency.ts';
import { benchEventStoreAppends } from './event-store-appends.ts';
import { benchExport } from './export.ts';
import { benchFanOut } from './fan-out.ts';
import { benchFollow } from './follow.ts';
import { benchKafkaAdapter } from './kafka-adapter.ts';
import { benchLatency } from './latency.ts';
import { benchMemory } from './memory.ts';
import { reached, type Verdict } from './pairs.ts';
import { benchPostgresAdapter } from './postgres-adapter.ts';
import { benchRebuildVerdict } from './rebuild-verdict.ts';
import { benchSends } from './sends.ts';

/** `npm run bench [-- NAME…]`: baseline and product in alternating pairs of one run; what counts is the ratio. */
const BENCHES: Record<string, () => Promise<Verdict[]>> = {
  sends: benchSends,
  latency: benchLatency,
  'fan-out': benchFanOut,
  rebuild: benchRebuildVerdict,
  backup: () => benchBackup(),
  export: benchExport,
  follow: benchFollow,
  'as-of': benchAsOf,
  memory: benchMemory,
  'event-store-appends': benchEventStoreAppends,
};

/** On real servers, whose addresses are in the file that HINDSIGHT_TEST_SERVERS names: run where they are asked for. */
const ON_SERVERS: Record<string, () => Promise<Verdict[]>> = {
  'kafka-adapter': () => benchKafkaAdapter(),
  'cassandra-adapter': () => benchCassandraAdapter(),
  'postgres-adapter': () => benchPostgresAdapter(),
  'cluster-latency': benchClusterLatency,
  'cluster-catch-up': benchCatchUp,
  'cluster-big-group': benchBigGroup,
};

const { positionals } = parseArgs({ allowPositionals: true });
const all = { ...BENCHES, ...ON_SERVERS };
const unknown = positionals.filter((name) => !(name in all));
if (unknown.length > 0)
  throw new Error(`there is no bench ${unknown.join(', ')}: there are ${Object.keys(all).join(', ')}`);
const verdicts: Verdict[] = [];
for (const [name, bench] of Object.entries(positionals.length > 0 ? all : BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const verdict of await bench()) {
    verdicts.push(verdict);
    const goal = `${verdict.target.is === 'at least' ? '≥' : '≤'} ${verdict.target.value}`;
    process.stdout.write(
      `${reached(verdict) ? 'reached' : 'MISSED '}  ${verdict.bench}: ${Number.isNaN(verdict.ratio) ? 'not measured' : verdict.ratio.toFixed(2)} (${goal})  ${verdict.what}  ${JSON.stringify(verdict.details)}\n`,
    );
  }
}
process.stdout.write(`${verdicts.filter(reached).length} of ${verdicts.length} goals reached\n`);
process.exit(0);
