import { type NewEvent, NO_STREAM, StoreError } from '../../../events/event-store.ts';
import { messageOf } from '../../../events/message-of.ts';
import type { SqliteEventStore } from '../../sqlite/event-store/index.ts';
import { type streamsPb, text, uuidText } from '../wire.ts';
import type { Expected } from './answers.ts';
import { APPEND_MAX_BYTES } from './context.ts';

/** An append as it comes in, in one message or in several. */
export interface Proposal {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: NewEvent[];
  bytes: number;
}

export type Written =
  | { status: 'written'; revision: number; position: number }
  | { status: 'wrong-version'; current: number }
  | { status: 'too-large' }
  | { status: 'busy' }
  | { status: 'denied' }
  | { status: 'unknown'; message: string };

type ProposedMessage =
  | InstanceType<typeof streamsPb.BatchAppendReq.ProposedMessage>
  | InstanceType<typeof streamsPb.AppendReq.ProposedMessage>;

export function addEvent(proposal: Proposal, message: ProposedMessage): void {
  const map = message.getMetadataMap();
  const data = message.getData_asU8();
  const metadata = message.getCustomMetadata_asU8();
  proposal.bytes += data.length + metadata.length;
  proposal.events.push({
    eventId: uuidText(message.getId()),
    type: map.get('type') ?? '',
    data: text(data),
    metadata: text(metadata),
  });
}

/** So often an append at no certain revision looks where the stream is. */
const ANY_TRIES = 20;

export async function write(store: SqliteEventStore, proposal: Proposal): Promise<Written> {
  if (proposal.bytes > APPEND_MAX_BYTES) return { status: 'too-large' };
  try {
    for (let tries = 0; ; tries++) {
      const expected = await expectedRevision(store, proposal);
      if (expected === null) return { status: 'wrong-version', current: NO_STREAM };
      const result = await store.append(proposal.stream, expected, proposal.events);
      if (result.status === 'appended')
        return { status: 'written', revision: result.revision, position: result.position };
      const exact = typeof proposal.expected === 'number' || proposal.expected === 'no_stream';
      if (exact || tries >= ANY_TRIES) return { status: 'wrong-version', current: result.actual };
    }
  } catch (error) {
    if (error instanceof StoreError && error.temporary && error.code !== 'unknown') return { status: 'busy' };
    return { status: 'unknown', message: messageOf(error) };
  }
}

async function expectedRevision(store: SqliteEventStore, { stream, expected }: Proposal): Promise<number | null> {
  if (typeof expected === 'number') return expected;
  if (expected === 'no_stream') return NO_STREAM;
  const [last] = await store.readStream(stream, { direction: 'backwards', limit: 1 });
  if (!last && expected === 'stream_exists') return null;
  return last?.revision ?? NO_STREAM;
}
