// A process that becomes the server of a data folder and stays so until it is killed.
import { writeSync } from 'node:fs';
import { acquireServerLock } from '../../../infra/sqlite/event-store/index.ts';

await acquireServerLock(process.argv[2] ?? '');
writeSync(1, `locked by ${process.pid}\n`);
setInterval(() => undefined, 60_000);
