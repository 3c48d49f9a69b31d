import type { Outcome } from '../../../events/error-codes.ts';

/** What was refused of one of several. */
export interface Refused {
  readonly name: string;
  readonly code: string;
  readonly detail: string;
}

/** Does it to each, whatever others refuse. */
export async function eachTried<T>(
  names: readonly string[],
  act: (name: string) => Promise<Outcome<T>>,
): Promise<{ done: T[]; refused: Refused[] }> {
  const done: T[] = [];
  const refused: Refused[] = [];
  for (const name of names) {
    const outcome = await act(name);
    if (outcome.ok) done.push(outcome.value);
    else refused.push({ name, code: outcome.rejection.code, detail: outcome.rejection.detail });
  }
  return { done, refused };
}

export const describeRefused = ({ name, detail }: Refused): string => `${name}: ${detail}`;
