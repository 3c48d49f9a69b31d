import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { receiptsStream } from '../../events/streams.ts';
import type { Receipts } from '../api.ts';
import { handleStream, type StreamDeps } from '../handle-stream.ts';

/** Where a member's marks stand at least, whatever the receipts say: their own coming and sending move them too. */
export interface Bounds {
  readonly least: number;
  readonly headSeq: number;
}

export interface MoveReceipts {
  readonly actor: UserId;
  readonly chatId: ChatId;
  readonly readSeq?: number;
  readonly deliveredSeq?: number;
}

const NONE: Receipts = { readSeq: 0, deliveredSeq: 0 };

/**
 * Where the marks stand after a move. They never fall; what lies past the head counts as the head, since clients race;
 * what was read was delivered.
 */
export function moved(
  marks: Receipts,
  move: Pick<MoveReceipts, 'readSeq' | 'deliveredSeq'>,
  { least, headSeq }: Bounds,
): Receipts {
  const readSeq = Math.max(marks.readSeq, least, Math.min(move.readSeq ?? 0, headSeq));
  const deliveredSeq = Math.max(marks.deliveredSeq, readSeq, Math.min(move.deliveredSeq ?? 0, headSeq));
  return { readSeq, deliveredSeq };
}

export function moveReceipts(move: MoveReceipts, bounds: Bounds, deps: StreamDeps): Promise<Outcome<Receipts>> {
  const commandId = deps.ids.ulid();
  let answer = NONE;
  return handleStream<Receipts>(
    {
      stream: receiptsStream(move.chatId, move.actor),
      actor: move.actor,
      commandId,
      read: 'last',
      initial: NONE,
      evolve: (_, { data }) => data as Receipts,
      decide: (marks) => {
        answer = moved(marks, move, bounds);
        const before = moved(marks, {}, bounds);
        const moves = answer.readSeq > before.readSeq || answer.deliveredSeq > before.deliveredSeq;
        return accepted(moves ? [{ type: 'ReceiptsMoved', data: answer }] : []);
      },
    },
    deps,
  ).then((outcome) => (outcome.ok ? accepted(answer) : outcome));
}
