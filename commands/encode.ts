import { versionOf } from '../events/codec.ts';
import type { NewEvent } from '../events/event-store.ts';

/** What becomes an event: its fact, and who did it when by which command. */
export interface Intended {
  readonly eventId: string;
  readonly type: string;
  readonly data: unknown;
  readonly actor: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly commandId: string;
  readonly correlationId: string;
}

/** By hand, since it runs for every send; all but `actor` are ULIDs and numbers, which JSON does not escape. */
export function encodeEvent(intended: Intended): NewEvent {
  const { eventId, type, data, actor, at, commandId, correlationId } = intended;
  const metadata = `{"v":${versionOf(type)},"actor":${JSON.stringify(actor)},"at":${at},"commandId":"${commandId}","correlationId":"${correlationId}"}`;
  return { eventId, type, data: JSON.stringify(data), metadata };
}
