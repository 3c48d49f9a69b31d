import { versionOf } from '../events/codec.ts';
import type { NewEvent } from '../events/event-store.ts';
import type { Ids } from './ports.ts';

/** What becomes an event: its fact, and who did it when by which command. */
export interface Intended {
  readonly stream: string;
  readonly type: string;
  readonly data: unknown;
  readonly actor: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/**
 * The event's id follows from all that it says, not from the command's id alone: a store takes an event whose id stands
 * at that revision for a repeat, and another process may have put there what the same id says with other words or at
 * another time. The metadata is written by hand since it is for every send; ULIDs and numbers need no escaping.
 */
export function encodeEvent(intended: Intended, ids: Ids): NewEvent {
  const { stream, type, actor, at, commandId, correlationId } = intended;
  const data = JSON.stringify(intended.data);
  const metadata = `{"v":${versionOf(type)},"actor":${JSON.stringify(actor)},"at":${at},"commandId":"${commandId}","correlationId":"${correlationId}"${optional('causationId', intended.causationId)}${optional('traceparent', intended.traceparent)}}`;
  return { eventId: ids.eventId(stream, `${type}${metadata}${data}`), type, data, metadata };
}

const optional = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
