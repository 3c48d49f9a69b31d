import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { prepareSchema } from '../../infra/sqlite/event-store/schema.ts';

/**
 * The baseline of durable sends: a bare loop that commits groups of events into the same schema, with nothing before or
 * behind it. A process of its own; prints `{perSecond}`.
 */
const [seconds, group, bytes] = process.argv.slice(2).map(Number) as [number, number, number];
const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
const database = await openDatabase({ file: join(folder, 'events.db'), synchronous: 'full' });
prepareSchema(database);
const CHATS = 100;
for (let chat = 1; chat <= CHATS; chat++)
  database.prepare('INSERT INTO streams (id, name) VALUES (?, ?)').run(chat, `chat-${chat}`);
const insert = database.prepare(
  'INSERT INTO events (position, stream, revision, event_id, type, recorded_at, data, metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
);
const data = JSON.stringify({ text: 'x'.repeat(bytes) });
const metadata = JSON.stringify({
  v: 1,
  actor: '0'.repeat(26),
  at: Date.now(),
  commandId: '0'.repeat(26),
  correlationId: '0'.repeat(26),
});
const eventId = new Uint8Array(16);
let position = 0;
let revision = 0;
const started = performance.now();
while (performance.now() - started < seconds * 1_000) {
  database.transaction(() => {
    for (let i = 0; i < group; i++) {
      position++;
      if (position % CHATS === 0) revision++;
      insert.run(position, (position % CHATS) + 1, revision, eventId, 'MessageSent', Date.now(), data, metadata);
    }
  });
}
const elapsed = (performance.now() - started) / 1_000;
database.close();
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify({ perSecond: position / elapsed })}\n`);
