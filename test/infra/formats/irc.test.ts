import { describe, expect, it } from 'vitest';
import type { ImportAct } from '../../../commands/import/port.ts';
import { ircDay } from '../../../infra/formats/irc.ts';

const NAME = '2004-12-25.txt';

/** What a day file says, line by line: `HH:MM` of the written minute (with `+n` on a later day) and the act. */
function read(content: string | Uint8Array, name = NAME): { line: number; time: string; act: ImportAct }[] {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const start = Date.UTC(2004, 11, 25);
  return [...(ircDay(name, bytes)?.lines() ?? [])].map(({ line, minute, act }) => {
    const days = Math.floor((minute - start) / 86_400_000);
    const time = new Date(minute).toISOString().slice(11, 16);
    return { line, time: days === 0 ? time : `${time}+${days}`, act };
  });
}

const acts = (content: string | Uint8Array): ImportAct[] => read(content).map(({ act }) => act);
const only = (content: string | Uint8Array): ImportAct | undefined => acts(content)[0];
const times = (content: string): string[] => read(content).map(({ time }) => time);
const says = (author: string, text: string): ImportAct => ({ type: 'says', author, text });
const unreadable = expect.objectContaining({ type: 'unreadable', why: expect.any(String) });

describe('what is said', () => {
  it('is a message of a nick', () => {
    expect(only('[10:31] <ann> hello there')).toEqual(says('ann', 'hello there'));
  });

  it('may stand behind any number of blanks, which a text keeps but for the first', () => {
    expect(only('[10:31]   <ann>   hello')).toEqual(says('ann', '  hello'));
  });

  it('trims the nick and keeps everything else of its spelling', () => {
    expect(acts('[10:31] < ann > x\n[10:31] <Ann> x\n[10:31] <ann|away> x\n[10:31] <_a[n]n_> x')).toEqual([
      says('ann', 'x'),
      says('Ann', 'x'),
      says('ann|away', 'x'),
      says('_a[n]n_', 'x'),
    ]);
  });

  it('may hold what looks like another form', () => {
    expect(only('[10:31] <ann> [10:32] <bob> === * x')).toEqual(says('ann', '[10:32] <bob> === * x'));
  });

  it('is an action where a star stands before the nick', () => {
    expect(only('[10:31] * ann waves')).toEqual(says('ann', '/me waves'));
    expect(only('[10:31]  *  ann  waves')).toEqual(says('ann', '/me  waves'));
  });

  it.each([
    ['without a text', '[10:31] <ann>'],
    ['with a text of blanks', '[10:31] <ann>    '],
    ['without a nick', '[10:31] <> hello'],
    ['with a nick of blanks', '[10:31] <  > hello'],
    ['right behind the nick', '[10:31] <ann>hello'],
    ['right behind the time', '[10:31]<ann> hello'],
    ['as an action that is none', '[10:31] * ann'],
    ['at an hour that does not exist', '[24:00] <ann> hello'],
    ['at a minute that does not exist', '[10:60] <ann> hello'],
    ['with seconds', '[10:31:12] <ann> hello'],
    ['behind a blank', ' [10:31] <ann> hello'],
    ['without a time', '<ann> hello'],
    ['as free text', 'hello'],
    ['at greater length than a message may have', `[10:31] <ann> ${'x'.repeat(8_001)}`],
    ['by a nick longer than a name may be', `[10:31] <${'x'.repeat(101)}> hello`],
  ])('is unreadable %s', (_, line) => {
    expect(only(line)).toEqual(unreadable);
  });

  it('may be as long as a message may be, in code points', () => {
    expect(only(`[10:31] <ann> ${'𝄞'.repeat(8_000)}`)).toEqual(says('ann', '𝄞'.repeat(8_000)));
  });
});

describe('who comes and goes', () => {
  it.each([
    ['comes', '=== ann [n=ann@host.example] has joined #ubuntu'],
    ['comes', '===  ann  [n=ann@host]  has  joined  #ubuntu'],
    ['comes', '=== ann [n=ann@host] has joined #ubuntu and more'],
    ['goes', '=== ann [n=ann@host] has left #ubuntu []'],
    ['goes', '=== ann [n=ann@host] has left #ubuntu ["bye [for now]"]'],
    ['goes', '=== ann [n=ann@host] has quit [Read error: 104]'],
    ['goes', '=== ann [n=ann@host] has quit'],
  ])('%s: %s', (type, line) => {
    expect(only(line)).toEqual({ type, author: 'ann' });
  });

  it('takes as nick what stands before the last opening bracket', () => {
    expect(only('=== a [b] c [host] has joined #x')).toEqual({ type: 'comes', author: 'a [b] c' });
  });

  it('is not misled by what somebody gives as a reason', () => {
    expect(only('=== ann [h] has quit [x [y] has joined #ubuntu]')).toEqual({ type: 'goes', author: 'ann' });
  });

  it('tells a new name', () => {
    expect(only('=== ann is now known as bob')).toEqual({ type: 'renames', author: 'ann', to: 'bob' });
    expect(only('===  ann  is  now  known  as  bob')).toEqual({ type: 'renames', author: 'ann', to: 'bob' });
  });

  it.each([
    '=== Topic for #ubuntu: welcome',
    '=== mode/#ubuntu [+o ann] by ChanServ',
    '=== ann has joined #ubuntu',
    '===',
    '=== ann is now known as',
  ])('keeps out the notice: %s', (line) => {
    expect(only(line)).toEqual({ type: 'notice' });
  });
});

describe('bytes', () => {
  const line = (...bytes: number[]): Uint8Array => Buffer.concat([Buffer.from('[10:31] <ann> '), Buffer.from(bytes)]);

  it('that are no UTF-8 are Windows-1252, line by line', () => {
    const mixed = Buffer.concat([line(0x93, 0xe9, 0x80), Buffer.from('\n[10:32] <bob> é€')]);
    expect(acts(mixed)).toEqual([says('ann', '“é€'), says('bob', 'é€')]);
  });

  it('that are controls go, tabs stay', () => {
    expect(only('[10:31] <ann> \u0002bold\u000f\tt\u007fab\u0085')).toEqual(says('ann', 'bold\ttab'));
    expect(only(line(0x61, 0x81, 0x62, 0xff))).toEqual(says('ann', 'abÿ'));
  });

  it('behind the last word go where they are white space', () => {
    expect(only('[10:31] <ann> hello \t\u00a0 ')).toEqual(says('ann', 'hello'));
  });

  it('become NFC, nicks included', () => {
    expect(only('[10:31] <rene\u0301> e\u0301')).toEqual(says('ren\u00e9', '\u00e9'));
  });

  it('of a byte order mark are no part of the first line', () => {
    expect(only('\ufeff[10:31] <ann> hello')).toEqual(says('ann', 'hello'));
  });

  it('end a line with LF or CR LF, and the last one may have no end', () => {
    expect(read('[10:31] <a> 1\r\n[10:32] <a> 2\n[10:33] <a> 3').map(({ line: n }) => n)).toEqual([1, 2, 3]);
    expect(acts('[10:31] <a> 1\r\n')).toEqual([says('a', '1')]);
  });
});

describe('empty lines', () => {
  it('count in the numbering and nowhere else', () => {
    expect(read('\n\n[10:31] <a> 1\n\r\n[10:32] <a> 2\n').map(({ line }) => line)).toEqual([3, 5]);
  });

  it('of blanks or controls are unreadable', () => {
    expect(acts('   \n\t\n\u0001\u0002\n')).toEqual([unreadable, unreadable, unreadable]);
  });
});

describe('times', () => {
  it('are those of the day that the name begins with, in UTC', () => {
    expect(read('[00:00] <a> x')[0]?.time).toBe('00:00');
    expect([...(ircDay('2004-02-29-#x.log', Buffer.from('[23:59] <a> x'))?.lines() ?? [])][0]?.minute).toBe(
      Date.UTC(2004, 1, 29, 23, 59),
    );
  });

  it.each(['25-12-2004.txt', 'ubuntu.txt', '2004-13-01.txt', '2004-02-30.txt'])('need a date: %s has none', (name) => {
    expect(ircDay(name, Buffer.from(''))).toBeNull();
  });

  it('of lines without one are those of the line before, and 00:00 first', () => {
    expect(
      times(
        '=== a [h] has joined #c\n[10:31] <a> x\n=== b [h] has joined #c\n=== notice\n[10:33] * a x\n=== b [h] has quit',
      ),
    ).toEqual(['00:00', '10:31', '10:31', '10:31', '10:33', '10:33']);
  });

  it('are not set by a timed line of no form', () => {
    expect(times('[10:31] <a> x\n[11:00] nonsense\n[12:00] <a>\n=== a [h] has quit')).toEqual([
      '10:31',
      '10:31',
      '10:31',
      '10:31',
    ]);
  });

  it('that fall by more than twelve hours are of the next day, by less are not', () => {
    expect(times('[23:59] <a> x\n[00:01] <a> y\n=== z\n[00:02] <a> z')).toEqual([
      '23:59',
      '00:01+1',
      '00:01+1',
      '00:02+1',
    ]);
    expect(times('[13:00] <a> x\n[01:00] <a> y')).toEqual(['13:00', '01:00']);
    expect(times('[13:00] <a> x\n[00:59] <a> y')).toEqual(['13:00', '00:59+1']);
    expect(times('[10:31] <a> x\n[10:29] <a> y')).toEqual(['10:31', '10:29']);
  });
});
