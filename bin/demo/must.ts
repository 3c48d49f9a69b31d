import type { Outcome } from '../../events/error-codes.ts';

/** The demo asks for nothing that can be refused: a refusal is a broken invariant. */
export function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`demo: ${outcome.rejection.code}: ${outcome.rejection.detail}`);
  return outcome.value;
}
