import { isUtf8 } from 'node:buffer';

/**
 * A second reader of IRC day logs, written from the contract alone and without a regular expression: what the importer
 * makes of real logs is held against what this one expects of them.
 */
export interface Expected {
  type: 'ChatStarted' | 'MemberAdded' | 'MemberRemoved' | 'MessageSent';
  /** The nick behind it; null for the chat's start. */
  nick: string | null;
  /** RFC 3339. */
  at: string;
  text?: string;
  number?: number;
  /** `<file>:<line>` of a message. */
  origin?: string;
}

export interface Reading {
  events: Expected[];
  /** Lines but for the empty ones. */
  lines: number;
  /** `<file>:<line>`. */
  unreadable: string[];
}

type Said =
  | { kind: 'message'; hour: number; minute: number; nick: string; text: string }
  | { kind: 'added' | 'removed'; nick: string }
  | { kind: 'renamed'; nick: string; to: string }
  | { kind: 'notice' };

export function readIndependently(days: readonly { name: string; bytes: Buffer }[]): Reading {
  const reading: Reading = { events: [], lines: 0, unreadable: [] };
  const chat = createChat(reading.events);
  for (const { name, bytes } of days) {
    let date = Date.parse(`${name.slice(0, 10)}T00:00:00Z`);
    let hour = 0;
    let minute = date;
    for (const [index, raw] of linesOf(bytes).entries()) {
      if (raw.length === 0) continue;
      reading.lines++;
      const origin = `${name}:${index + 1}`;
      const said = understand(tidy(raw));
      if (said === null) {
        reading.unreadable.push(origin);
        continue;
      }
      if (said.kind === 'message') {
        if (hour - said.hour > 12) date += 24 * 60 * 60 * 1_000;
        hour = said.hour;
        minute = date + (said.hour * 60 + said.minute) * 60 * 1_000;
      }
      chat.take(said, { minute, origin });
    }
  }
  return reading;
}

function createChat(events: Expected[]) {
  const members = new Set<string>();
  const perMinute = new Map<number, number>();
  let last = 0;
  let number = 0;

  function append(minute: number, event: Omit<Expected, 'at'>): void {
    if (events.length === 0 && event.type !== 'ChatStarted') append(minute, { type: 'ChatStarted', nick: null });
    const k = perMinute.get(minute) ?? 0;
    perMinute.set(minute, k + 1);
    last = Math.max(last, minute + Math.min(k, 999));
    events.push({ ...event, at: new Date(last).toISOString() });
  }
  function add(minute: number, nick: string): void {
    if (members.has(nick)) return;
    members.add(nick);
    append(minute, { type: 'MemberAdded', nick });
  }
  function remove(minute: number, nick: string): void {
    if (members.delete(nick)) append(minute, { type: 'MemberRemoved', nick });
  }
  return {
    take(said: Said, { minute, origin }: { minute: number; origin: string }): void {
      if (said.kind === 'added') add(minute, said.nick);
      else if (said.kind === 'removed') remove(minute, said.nick);
      else if (said.kind === 'renamed') {
        add(minute, said.to);
        if (said.nick !== said.to) remove(minute, said.nick);
      } else if (said.kind === 'message') {
        add(minute, said.nick);
        append(minute, { type: 'MessageSent', nick: said.nick, text: said.text, number: ++number, origin });
      }
    },
  };
}

function understand(line: string): Said | null {
  if (line.startsWith('===')) return understandNotice(line);
  const hour = Number(line.slice(1, 3));
  const minute = Number(line.slice(4, 6));
  if (line[0] !== '[' || line[3] !== ':' || line[6] !== ']' || line[7] !== ' ') return null;
  if ([1, 2, 4, 5].some((i) => !isDigit(line[i])) || hour > 23 || minute > 59) return null;
  const rest = withoutBlanks(line.slice(7));
  if (rest.startsWith('<')) {
    const end = rest.indexOf('>');
    const nick = rest.slice(1, end).trim();
    const text = rest.slice(end + 2);
    return end > 0 && nick !== '' && rest[end + 1] === ' ' && text !== ''
      ? { kind: 'message', hour, minute, nick, text }
      : null;
  }
  if (!rest.startsWith('* ')) return null;
  const does = withoutBlanks(rest.slice(1));
  const blank = does.indexOf(' ');
  if (blank <= 0 || blank + 1 === does.length) return null;
  return { kind: 'message', hour, minute, nick: does.slice(0, blank), text: `/me ${does.slice(blank + 1)}` };
}

function understandNotice(line: string): Said {
  const words = line.split(' ').filter((word) => word !== '');
  if (line[3] !== ' ') return { kind: 'notice' };
  if (words.slice(2, 6).join(' ') === 'is now known as' && words.length > 6) {
    return { kind: 'renamed', nick: words[1] ?? '', to: words[6] ?? '' };
  }
  for (let i = 2; i < words.length - 1; i++) {
    if (words[i] !== 'has' || !words[i - 1]?.endsWith(']')) continue;
    const what = words[i + 1];
    const channel = '#&+!'.includes(words[i + 2]?.[0] ?? '?');
    if (what !== 'quit' && !(channel && (what === 'joined' || what === 'left'))) continue;
    const before = words.slice(1, i).join(' ');
    const bracket = before.lastIndexOf(' [');
    if (bracket < 0) return { kind: 'notice' };
    return { kind: what === 'joined' ? 'added' : 'removed', nick: before.slice(0, bracket) };
  }
  return { kind: 'notice' };
}

function withoutBlanks(text: string): string {
  let start = 0;
  while (text[start] === ' ') start++;
  return text.slice(start);
}

function tidy(raw: Buffer): string {
  const decoded = isUtf8(raw) ? raw.toString('utf8') : [...raw].map(windows1252).join('');
  let kept = '';
  for (const character of decoded) {
    if (character === '\t' || !isControl(character.codePointAt(0) ?? 0)) kept += character;
  }
  return kept.trimEnd().normalize('NFC');
}

const isDigit = (character = ''): boolean => character >= '0' && character <= '9';
const isControl = (code: number): boolean => code < 0x20 || (code >= 0x7f && code < 0xa0);

/** 0x80 to 0x9f, by code point; 0 where nothing is defined. */
const UPPER = [
  0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0, 0, 0x2018,
  0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0, 0x17e, 0x178,
];
const windows1252 = (byte: number): string =>
  String.fromCodePoint(byte >= 0x80 && byte < 0xa0 ? UPPER[byte - 0x80] || byte : byte);

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 0x0a) continue;
    if (i === bytes.length && start === i) break;
    lines.push(bytes.subarray(start, bytes[i - 1] === 0x0d && i > start ? i - 1 : i));
    start = i + 1;
  }
  return lines;
}
