import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';

/** The stand-in for EventStoreDB in a process of its own. Usage: node event-store-process.js FILE. Prints `{url}`. */
const { url } = await startStandIn({ file: process.argv[2] ?? '' });
process.stdout.write(`${JSON.stringify({ url })}\n`);
