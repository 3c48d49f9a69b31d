import { type ExportInto, exportInto } from '../../bin/export-into.ts';
import type { EventLog } from '../../events/event-store.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { arrayLog } from './array-log.ts';
import { randomLog } from './random-log.ts';

const withUuid = <T extends { eventId: string }>(event: T): T => ({
  ...event,
  eventId: deterministicUuid('test', event.eventId),
});
const made = randomLog({ seed: 5, events: 1_500 });
/** A small log that is always the same. */
export const log = arrayLog(made.events.map(withUuid));
export const chatEvents = made.chatEvents.map(withUuid);

export type Asked = Partial<ExportInto['request']> & { kind?: ExportInto['kind']; partRows?: number; log?: EventLog };

/** Exports it, or another, into a folder. */
export function exporting(folder: string, { kind = 'events', partRows, log: of = log, ...request }: Asked) {
  const whole = {
    format: 'ndjson',
    by: null,
    filter: {},
    content: true,
    positions: kind === 'events',
    ...request,
  } as const;
  const filter = { format: whole.format, ...(whole.by && { by: whole.by }) };
  return exportInto({ log: of, folder, kind, request: whole, filter, ...(partRows && { partRows }) });
}
