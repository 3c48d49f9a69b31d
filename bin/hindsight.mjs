#!/usr/bin/env node
import { ensureReady } from './bootstrap.mjs';

await ensureReady({ scope: 'serve' });
const { main } = await import('../dist/bin/cli/main.js');
process.exitCode = await main(process.argv.slice(2));
