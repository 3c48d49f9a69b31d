import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';

/** A process of its own that is the stand-in event store (not EventStoreDB): `FILE HOST PORT`, until SIGTERM. */
const [file = '', host = '', port = ''] = process.argv.slice(2);
const server = await startStandIn({ file, host, port: Number(port) });
console.log(`stand-in event store (not EventStoreDB) serves ${file} at ${server.url}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
