import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLog } from '../../bin/embedded/open-log.ts';
import { exportInto } from '../../bin/export-into.ts';
import { migrateLog } from '../../bin/migrate/migrate.ts';
import { ids } from '../../bin/write-side.ts';
import { importChat, importEvents } from '../../commands/index.ts';
import { type EventLog, type EventStore, START } from '../../events/event-store.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';
import { ircDay } from '../../infra/formats/irc.ts';
import { FORMATS, type Format } from '../../queries/export/port.ts';
import type { IrcLogs } from './irc-logs.ts';

/** IRC logs in a log of their own, exported in every way from it and from its copy in a cluster's event store. */
export interface ExportedLogs {
  readonly chatId: string;
  /** By way: the SHA-256 of the export's files, by name; first the embedded log's, then the copy's. */
  readonly pairs: Record<string, readonly [Record<string, string>, Record<string, string>]>;
  /** The folder of the export of all events in NDJSON, positions and all. */
  readonly ndjson: string;
  readonly source: EventLog;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** Who imports and when, always the same, so that another run of this makes the same exports. */
const IMPORTED_AT = Date.UTC(2024, 0, 2);
const IMPORTER = '01HK0000000000000000000001';
/** The store is in this process, which has much to do. */
const PATIENCE_MS = 120_000;

export async function exportLogs(days: IrcLogs['days'], folder: (name: string) => string): Promise<ExportedLogs> {
  const log = await openLog({ file: join(folder('source'), 'events.db'), clock: () => IMPORTED_AT });
  const chatId = await importAll(log, days);
  const standIn = await startStandIn({ file: join(folder('copy'), 'events.db'), stride: 1_000 });
  const copy = await openEventStoreDb({ url: standIn.url, heartbeat: null, readDeadlineMs: PATIENCE_MS });
  await migrateLog({ source: log.store, target: copy, until: await log.store.head() });
  const last = days.at(-1)?.name.slice(0, 10) ?? '';
  const at = Date.parse(`${last}T00:00:00Z`) + DAY_MS / 2;
  const pairs: Record<string, readonly [Record<string, string>, Record<string, string>]> = {};
  for (const format of FORMATS) {
    for (const [kind, by] of [
      ['events', null],
      ['events', 'day'],
      ['events', 'chat'],
      ['state', null],
    ] as const) {
      const name = `${kind}-${by ?? 'parts'}-${format}`;
      const into = async (of: EventLog, where: string) => {
        const request = { format, by, filter: {}, content: true, positions: false, ...(kind === 'state' && { at }) };
        await exportInto({ log: of, folder: folder(where), kind, request, filter: { format } });
        return filesIn(folder(where));
      };
      pairs[name] = [await into(log.store, `${name}-embedded`), await into(copy, `${name}-copy`)];
    }
  }
  const ndjson = folder('ndjson');
  await exportInto({
    log: log.store,
    folder: ndjson,
    kind: 'events',
    request: whole('ndjson'),
    filter: { format: 'ndjson' },
  });
  return {
    chatId,
    pairs,
    ndjson,
    source: log.store,
    async close() {
      await copy.close();
      await standIn.close();
      await log.close();
    },
  };
}

const whole = (format: Format) => ({ format, by: null, filter: {}, content: true, positions: true });

async function importAll(log: Awaited<ReturnType<typeof openLog>>, days: IrcLogs['days']): Promise<string> {
  const importer = { userId: IMPORTER, username: 'importer', displayName: 'Importer', password: false };
  const made = await log.commands.registerUser({ ...importer, commandId: IMPORTER });
  if (!made.ok) throw new Error(made.rejection.detail);
  const files = days.map(({ name, bytes }) => ({ name, lines: () => ircDay(name, bytes)?.lines() ?? [] }));
  const admins = [importer.userId];
  const imported = await importChat({ ...log, ids }, { source: 'irc', title: '#ubuntu', admins, files });
  if (!imported.ok) throw new Error(imported.rejection.detail);
  return imported.value.chatId;
}

const filesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );

/** Takes the files of an export of events into a store, in their order. */
export async function takeIn(store: EventStore, folder: string): Promise<void> {
  for (const name of readdirSync(folder)
    .filter((each) => each.endsWith('.ndjson'))
    .sort()) {
    const lines = createInterface({ input: createReadStream(join(folder, name)), crlfDelay: Number.POSITIVE_INFINITY });
    const taken = await importEvents(store, { file: name, lines });
    if (!taken.ok || taken.value.unreadable.length > 0) throw new Error(`${name}: ${JSON.stringify(taken)}`);
  }
}

/** All that an export carries of a log: the streams of its chats, but for when and where each event was recorded. */
export async function chatsOf(log: EventLog): Promise<Map<string, object[]>> {
  const chats = new Map<string, object[]>();
  for (let after = START; ; ) {
    const page = await log.readAll({ after, limit: 5_000 });
    for (const { stream, revision, type, eventId, data, metadata } of page) {
      if (!stream.startsWith('chat-')) continue;
      const events = chats.get(stream) ?? [];
      events.push({
        revision,
        type,
        eventId,
        data: JSON.parse(data) as unknown,
        metadata: JSON.parse(metadata) as unknown,
      });
      chats.set(stream, events);
    }
    const last = page.at(-1);
    if (last === undefined) return chats;
    after = last.position;
  }
}
