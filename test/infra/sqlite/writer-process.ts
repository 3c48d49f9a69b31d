// A process that appends to the log of another: `node writer-process.ts <file> <own stream> <shared stream> <count>`.
// Says what was acknowledged, a line each, written before the next append is asked for. Count 0: until it is killed.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { NO_STREAM } from '../../../events/event-store.ts';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';

const [file = '', own = '', shared = '', count = '0'] = process.argv.slice(2);
const CALLERS = 8;
const store = await openSqliteEventStore({ file });
writeSync(1, 'ready\n');

async function appendTo(stream: string, times: number): Promise<void> {
  let revision = NO_STREAM;
  for (let i = 0; times === 0 || i < times; ) {
    const eventId = randomUUID();
    const result = await store.append(stream, revision, [{ eventId, type: 'Tested', data: '{}', metadata: '{}' }]);
    revision = result.status === 'appended' ? result.revision : result.actual;
    if (result.status === 'conflict') continue;
    writeSync(1, `${stream} ${result.revision} ${result.position} ${eventId}\n`);
    i++;
  }
}

const times = Number(count);
await Promise.all([
  ...Array.from({ length: CALLERS }, (_, i) => appendTo(`${own}.${i}`, times)),
  ...(shared === '' ? [] : [appendTo(shared, times)]),
]);
await store.close();
