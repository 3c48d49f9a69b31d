import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { parseManifest } from '../../queries/export/index.ts';
import { readIndependently } from '../commands/import/independent-reader.ts';
import { chatsOf, type ExportedLogs, exportLogs, takeIn } from '../support/exported-logs.ts';
import { ircLogs } from '../support/irc-logs.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

/** A day of the logs; `npm run prove -- --part export-equal` takes all of them. */
const days = ircLogs().days.slice(0, 1);
/** SHA-256 over names and hashes of all files of all exports of that day, as every machine and version of Node makes them. */
const HASHES: Record<string, string> = {
  '2004-12-25.train-c.raw.txt': '385ae79d114d5b98e8f9a4fb89e373a4d4d469a80ebcd01289e54c1e4148a367',
  '2004-12-25.ubuntu.txt': 'ff0be9b904d7e74465759a3e6dcc1630669a7e8419793f49001d413d8b564aab',
};
const folders = temporaryFolders();
const named = new Map<string, string>();
let exports: ExportedLogs;

beforeAll(async () => {
  exports = await exportLogs(days, (name) => {
    const folder = named.get(name) ?? folders.folder();
    named.set(name, folder);
    return folder;
  });
}, 120_000);
afterAll(async () => {
  await exports?.close();
  folders.remove();
});

test('what a log and its copy in an event store export without positions is equal, byte for byte', () => {
  expect(Object.keys(exports.pairs)).toHaveLength(12);
  for (const [way, [embedded, copy]] of Object.entries(exports.pairs)) {
    expect(Object.keys(embedded), way).toContain('manifest.json');
    expect(copy, way).toEqual(embedded);
  }
});

test('the exports are the same bytes on every machine', () => {
  const hash = createHash('sha256').update(JSON.stringify(exports.pairs)).digest('hex');
  expect(hash).toBe(HASHES[days[0]?.name ?? '']);
});

test('an export holds as many events as another reader of the logs counts', () => {
  const manifest = parseManifest(readFileSync(join(exports.ndjson, 'manifest.json'), 'utf8'));
  expect(manifest?.count).toBe(readIndependently(days).events.length);
});

test('an export of events, taken in again, is an equal log of chats', async () => {
  const store = await openSqliteEventStore({ file: folders.file('events.db') });
  await takeIn(store, exports.ndjson);
  expect(await chatsOf(store)).toEqual(await chatsOf(exports.source));
  const head = await store.head();
  await takeIn(store, exports.ndjson);
  expect(await store.head()).toBe(head);
  await store.close();
});
