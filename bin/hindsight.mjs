#!/usr/bin/env node
import { ensureReady } from './bootstrap.mjs';

// The Postgres that `dev up` starts is a package for development.
const [verb, action] = process.argv.slice(2);
await ensureReady({ scope: verb === 'dev' && action === 'up' ? 'test' : 'serve' });
const { main } = await import('../dist/bin/cli/main.js');
process.exitCode = await main(process.argv.slice(2));
