import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { PACKAGE_ROOT } from '../package-root.ts';
import { DevServerError } from './failure.ts';
import { LOOPBACK } from './free-ports.ts';
import { type DevServer, type Place, portOf } from './server.ts';

const PROGRAM = join(PACKAGE_ROOT, 'dist/bin/dev-servers/stand-in-process.js');
const ASK_MS = 3_000;

/** The real one is in no package registry: this speaks its protocol and keeps the events in SQLite. */
export const standIn: DevServer = {
  name: 'event-store',
  title: 'stand-in event store (not EventStoreDB)',
  ports: ['client'],
  stopSignal: 'SIGTERM',
  prepare,
  ask,
  env: (place) => ({ HINDSIGHT_EVENTSTORE_URL: urlOf(place) }),
};

const urlOf = (place: Place): string => `esdb://${LOOPBACK}:${portOf(place, 'client')}?tls=false`;

async function prepare(place: Place) {
  if (!existsSync(PROGRAM)) throw new DevServerError('not-built', `${PROGRAM} is missing: run npm run build first`);
  const args = [PROGRAM, join(place.folder, 'events.db'), LOOPBACK, String(portOf(place, 'client'))];
  return { command: process.execPath, args, cwd: place.folder };
}

async function ask(place: Place): Promise<void> {
  const client = EventStoreDBClient.connectionString(urlOf(place));
  try {
    for await (const _ of client.readAll({ maxCount: 1, deadline: ASK_MS })) return;
  } finally {
    await client.dispose();
  }
}
