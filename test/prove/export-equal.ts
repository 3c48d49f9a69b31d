import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { parseManifest } from '../../queries/export/index.ts';
import { readIndependently } from '../commands/import/independent-reader.ts';
import { chatsOf, exportLogs, takeIn } from '../support/exported-logs.ts';
import { ircLogs } from '../support/irc-logs.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { ensure, type Part, scaled } from './part.ts';

export const exportEqualPart: Part = {
  name: 'export-equal',
  what: 'all logs exported in every way, from the embedded log and from its copy in an event store, and taken in again; the hash is the same on every machine',
  async run({ share, say }) {
    const all = ircLogs().days;
    const days = all.slice(0, scaled(all.length, share));
    const root = temporaryFolder();
    const folder = (name: string): string => {
      const path = join(root, name);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const exports = await exportLogs(days, folder);
    let files = 0;
    for (const [way, [embedded, copy]] of Object.entries(exports.pairs)) {
      ensure(isDeepStrictEqual(embedded, copy), `${way}: the exports of the log and of its copy differ`);
      files += Object.keys(embedded).length;
    }
    say(`${files} files equal`);
    const manifest = parseManifest(readFileSync(join(exports.ndjson, 'manifest.json'), 'utf8'));
    const counted = readIndependently(days).events.length;
    ensure(manifest?.count === counted, `${manifest?.count} events exported, ${counted} counted`);
    const store = await openSqliteEventStore({ file: join(folder('again'), 'events.db') });
    await takeIn(store, exports.ndjson);
    const equal = isDeepStrictEqual(await chatsOf(store), await chatsOf(exports.source));
    ensure(equal, 'the log that was taken in is another');
    await store.close();
    await exports.close();
    rmSync(root, { recursive: true, force: true });
    // All names and bytes: to be held against a run on another version of Node.
    const sha256 = createHash('sha256').update(JSON.stringify(exports.pairs)).digest('hex');
    return { days: days.length, events: counted, files, sha256 };
  },
};
