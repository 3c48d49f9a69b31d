import { messageOf } from '../../../events/message-of.ts';

/** One thing that `doctor` looked at. */
export interface Check {
  name: string;
  /** `note`: worth knowing, and not wrong. */
  state: 'fine' | 'note' | 'wrong';
  detail: string;
  /** Numbers behind the words, for programs. */
  facts?: Record<string, unknown>;
}

export const fine = (name: string, detail: string, facts?: Check['facts']): Check =>
  make('fine', { name, detail, facts });
export const note = (name: string, detail: string, facts?: Check['facts']): Check =>
  make('note', { name, detail, facts });
export const wrong = (name: string, detail: string, facts?: Check['facts']): Check =>
  make('wrong', { name, detail, facts });

function make(
  state: Check['state'],
  { name, detail, facts }: { name: string; detail: string; facts: Check['facts'] },
): Check {
  return { name, state, detail, ...(facts && { facts }) };
}

/** A check that cannot even be made is wrong, and the others go on. */
export async function looked(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    const [said = ''] = messageOf(error).split('\n'); // libraries append stacks
    return wrong(name, said);
  }
}
