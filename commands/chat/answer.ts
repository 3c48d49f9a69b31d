import { accepted, type Outcome } from '../../events/error-codes.ts';
import { encodePosition } from '../../events/position.ts';
import type { ChatReply } from '../api.ts';
import { type Flight, type Refusal, settle } from '../chat-writer.ts';
import type { Answer } from './decide-batch.ts';
import type { ChatState } from './state.ts';

/** Where a flight ended: what each command came to, and a position at or after all that was decided. */
export interface Landed {
  readonly state: ChatState;
  readonly answers: readonly Answer[];
  readonly position: number;
  readonly epoch: string;
}

/** Tells the callers of a flight what came of it. */
export function answerFlight(flight: Flight, { state, answers, position, epoch }: Landed): void {
  const common = encodePosition(epoch, position);
  let next = 0;
  for (const item of flight.items) {
    if (item.command === null) item.look(accepted(state));
    else item.resolve(withPosition(answers[next++] as Answer, { common, epoch }));
  }
}

function withPosition(
  { outcome, position }: Answer,
  { common, epoch }: { common: string; epoch: string },
): Outcome<ChatReply> {
  if (outcome.ok) outcome.value.position = position > 0 ? encodePosition(epoch, position) : common;
  return outcome;
}

export function refuseFlight(flight: Flight, refusal: Refusal): void {
  for (const item of flight.items) settle(item, refusal);
}
