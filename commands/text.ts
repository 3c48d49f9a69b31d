import { accepted, type Outcome, rejected } from '../events/error-codes.ts';
import { DISPLAY_NAME_MAX_CODE_POINTS, TEXT_MAX_CODE_POINTS, TITLE_MAX_CODE_POINTS } from '../events/limits.ts';

/** The rules for words (PROTOCOL §2): what a client wrote becomes what is stored, or a `bad-request` names the field. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const CONTROL = /\p{Cc}/u;
const USERNAME = /^[a-z0-9_.]{3,32}$/;

const refuse = (path: string, message: string): Outcome<string> =>
  rejected('bad-request', `${path} ${message}`, { errors: [{ path, message }] });

/** A message's text in NFC. Only an absolutely empty one is refused: blanks are text. */
export function messageText(text: string, mayBeEmpty: boolean): Outcome<string> {
  const normal = text.normalize('NFC');
  if (normal === '' && !mayBeEmpty) return refuse('text', 'must not be empty');
  if (normal.includes('\0')) return refuse('text', 'must not contain U+0000');
  if (LONE_SURROGATE.test(normal)) return refuse('text', 'must not contain a lone surrogate');
  if (longerThan(normal, TEXT_MAX_CODE_POINTS))
    return refuse('text', `must have at most ${TEXT_MAX_CODE_POINTS} code points`);
  return accepted(normal);
}

export const chatTitle = (text: string): Outcome<string> => oneLine('title', text, TITLE_MAX_CODE_POINTS);
export const displayName = (text: string): Outcome<string> =>
  oneLine('displayName', text, DISPLAY_NAME_MAX_CODE_POINTS);

/** Names people read: NFC, white space around them dropped, no control characters. */
function oneLine(path: string, text: string, max: number): Outcome<string> {
  const normal = text.normalize('NFC').trim();
  if (normal === '') return refuse(path, 'must not be empty');
  if (CONTROL.test(normal)) return refuse(path, 'must not contain control characters');
  if (LONE_SURROGATE.test(normal)) return refuse(path, 'must not contain a lone surrogate');
  if (longerThan(normal, max)) return refuse(path, `must have at most ${max} code points`);
  return accepted(normal);
}

/** The one spelling of a username; null where there is none. Lower, upper, lower folds what lower casing alone leaves apart. */
export function foldUsername(text: string): string | null {
  const folded = text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
  return USERNAME.test(folded) ? folded : null;
}

function longerThan(text: string, codePoints: number): boolean {
  if (text.length <= codePoints) return false;
  if (text.length > 2 * codePoints) return true;
  let count = 0;
  for (const _ of text) count++;
  return count > codePoints;
}
