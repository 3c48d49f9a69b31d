import type { ImportAct, ImportFile, ImportLine } from '../../commands/import/port.ts';
import { DISPLAY_NAME_MAX_CODE_POINTS, TEXT_MAX_CODE_POINTS } from '../../events/limits.ts';

/**
 * IRC day logs by the rules of PROTOCOL §2: `[HH:MM] <nick> text`, `[HH:MM] * nick does` and the `===` lines.
 * Times have minutes only and are UTC; the date is what the file's name begins with.
 */
const DATE = /^(\d{4})-(\d{2})-(\d{2})/;
const MESSAGE = /^\[([01]\d|2[0-3]):([0-5]\d)\] +<([^>]+)> (.+)$/su;
const ACTION = /^\[([01]\d|2[0-3]):([0-5]\d)\] +\* +([^ ]+) (.+)$/su;
const COMING_OR_GOING = /^=== +(.+?\]) +has +(?:(joined|left) +[#&+!][^ ]*|(quit))(?: |$)/su;
const RENAME = /^=== +([^ ]+) +is +now +known +as +([^ ]+)(?: |$)/su;
const CONTROLS_BUT_TAB = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/gu;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** An hour that falls by more than this is the next day. */
const SAME_DAY_HOURS_BACK = 12;

/** Null where the file's name does not begin with a date. */
export function ircDay(name: string, bytes: Uint8Array): ImportFile | null {
  const date = startOfDay(name);
  return date === null ? null : { name, lines: () => parseLines(bytes, date) };
}

function startOfDay(name: string): number | null {
  const [date] = DATE.exec(name) ?? [];
  if (date === undefined) return null;
  const time = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(date) ? null : time;
}

function* parseLines(bytes: Uint8Array, startOfFirstDay: number): Generator<ImportLine> {
  let day = startOfFirstDay;
  let hour = 0;
  let minute = day;
  let line = 0;
  for (const raw of splitLines(bytes)) {
    line++;
    if (raw.length === 0) continue;
    const text = clean(decode(raw));
    const timed = MESSAGE.exec(text) ?? ACTION.exec(text);
    const act = timed ? spoken(timed, text) : untimed(text);
    if (timed && act.type !== 'unreadable') {
      const written = Number(timed[1]);
      if (hour - written > SAME_DAY_HOURS_BACK) day += DAY_MS;
      hour = written;
      minute = day + (hour * 60 + Number(timed[2])) * MINUTE_MS;
    }
    yield { line, minute, act };
  }
}

function spoken(timed: RegExpExecArray, line: string): ImportAct {
  const author = (timed[3] ?? '').trim();
  const text = MESSAGE.test(line) ? (timed[4] ?? '') : `/me ${timed[4] ?? ''}`;
  if (author === '') return unreadable('the nick is empty');
  if (codePoints(text) > TEXT_MAX_CODE_POINTS) return unreadable('the text is too long');
  return named([author], { type: 'says', author, text });
}

function untimed(text: string): ImportAct {
  if (text === '') return unreadable('nothing but blanks and controls');
  if (!text.startsWith('===')) return unreadable('of no known form');
  const move = COMING_OR_GOING.exec(text);
  if (move) {
    const who = move[1] ?? '';
    const author = who.slice(0, who.lastIndexOf(' [')).trim();
    if (who.includes(' [') && author !== '')
      return named([author], { type: move[2] === 'joined' ? 'comes' : 'goes', author });
  }
  const [, author, to] = RENAME.exec(text) ?? [];
  if (author !== undefined && to !== undefined) return named([author, to], { type: 'renames', author, to });
  return { type: 'notice' };
}

function named(nicks: readonly string[], act: ImportAct): ImportAct {
  return nicks.some((nick) => codePoints(nick) > DISPLAY_NAME_MAX_CODE_POINTS)
    ? unreadable('the nick is too long')
    : act;
}

const unreadable = (why: string): ImportAct => ({ type: 'unreadable', why });

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Where Windows-1252 differs from Latin-1: 0x80 to 0x9f. Node's own decoder of that name reads Latin-1 in some versions. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const DIFFERS = /[\u0080-\u009f]/g;
const FIRST_DIFFERENT = 0x80;

function decode(line: Uint8Array): string {
  try {
    return utf8.decode(line);
  } catch {
    return decodeWindows1252(line); // any byte is a character there
  }
}

function decodeWindows1252(line: Uint8Array): string {
  const latin1 = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  return latin1.replace(DIFFERS, (character) => WINDOWS_1252.charAt(character.charCodeAt(0) - FIRST_DIFFERENT));
}

const clean = (line: string): string => line.replace(CONTROLS_BUT_TAB, '').trimEnd().normalize('NFC');

const LF = 0x0a;
const CR = 0x0d;
const BOM = [0xef, 0xbb, 0xbf];

/** Lines without their ends (LF or CR LF); a last line without an end counts, nothing after a last end does not. */
function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  let start = BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0;
  while (start < bytes.length) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf;
    yield bytes.subarray(start, end > start && bytes[end - 1] === CR ? end - 1 : end);
    start = end + 1;
  }
}
