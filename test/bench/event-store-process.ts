import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';

/** The stand-in for EventStoreDB in a process of its own, on a fresh log. Prints `{url}`. */
const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
const { url } = await startStandIn({ file: join(folder, 'events.db') });
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url })}\n`);
