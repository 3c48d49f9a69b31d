import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { temporaryFolder } from '../support/server-process.ts';

interface Answer {
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
}

const LOG = '[09:14] <amy> one, "two"\n[09:14] <bob> \n[09:15] <bob> three\n=== amy [h] has quit [x]\n';
const data = temporaryFolder();

beforeAll(async () => {
  const file = join(data, '2004-12-25.txt');
  writeFileSync(file, LOG);
  await hindsightJson(['import', 'irc', '--chat', '#test', file], { data });
});

describe('query', () => {
  it('asks the log, now and as it stood', async () => {
    const answer = await hindsightJson<Answer>(
      ['query', 'SELECT author, occurred_at, count(*) AS n FROM messages GROUP BY ALL ORDER BY 2'],
      { data },
    );
    expect(answer).toEqual({
      columns: [
        { name: 'author', type: 'VARCHAR' },
        { name: 'occurred_at', type: 'TIMESTAMP' },
        { name: 'n', type: 'BIGINT' },
      ],
      rows: [
        { author: 'amy', occurred_at: '2004-12-25T09:14:00.002Z', n: 1 },
        { author: 'bob', occurred_at: '2004-12-25T09:15:00.001Z', n: 1 },
      ],
    });
    const members = (at: string): Promise<Answer> =>
      hindsightJson<Answer>(['query', `SELECT count(*) AS n FROM members_at('${at}')`], { data });
    expect((await members('2004-12-25T09:14Z')).rows).toEqual([{ n: 1 }]);
    expect((await members('2004-12-25T09:14:59Z')).rows).toEqual([{ n: 2 }]);
  });

  it('prints a table, or CSV', async () => {
    const sql = 'SELECT seq, text, edited_at FROM messages ORDER BY seq';
    const csv = await hindsight(['query', sql, '--format', 'csv'], { data });
    expect(csv.stdout).toBe('seq,text,edited_at\n3,"one, ""two""",\n5,three,\n');
    const table = await hindsight(['query', sql], { data });
    expect(linesOf(table.stdout).map((line) => line.trimEnd())).toEqual([
      'seq  text        edited_at',
      '3    one, "two"',
      '5    three',
    ]);
  });

  it('asks what `events` wrote', async () => {
    const folder = join(temporaryFolder(), 'exported');
    mkdirSync(folder);
    const { stdout } = await hindsight(['events', '--json'], { data });
    writeFileSync(join(folder, 'events.ndjson'), stdout);
    const answer = await hindsightJson<Answer>(['query', 'SELECT count(*) AS n FROM events', '--from-export', folder]);
    expect(answer.rows).toEqual([{ n: linesOf(stdout).length }]);
    const none = await hindsight(['query', 'SELECT 1', '--from-export', join(folder, 'none'), '--json']);
    expect([none.code, JSON.parse(none.stdout)]).toEqual([
      1,
      { error: { code: 'not-found', message: expect.any(String) } },
    ]);
  });

  it.each(['ndjson', 'csv', 'parquet'])('asks an export as %s, with what it asks the log', async (format) => {
    const out = join(temporaryFolder(), format);
    await hindsightJson(['export', 'events', '--format', format, '--out', out], { data });
    const all = ['query', 'SELECT * FROM events ORDER BY position'];
    const asked = await hindsightJson<Answer>([...all, '--from-export', out]);
    expect(asked).toEqual(await hindsightJson<Answer>(all, { data }));
    expect(asked.rows.length).toBeGreaterThan(4);
  });

  it.each([
    ['is no SQL', 'SELEC 1'],
    ['asks at no moment', "FROM messages_at('yesterday')"],
    ['would write a table', 'CREATE TABLE mine AS FROM events'],
    ['would change one', 'DELETE FROM events'],
    ['would read a file', "FROM read_text('/etc/hostname')"],
    ['would write a file', "COPY events TO 'stolen.csv'"],
    ['would open another database', "ATTACH 'other.db'"],
    ['would reach the network', "FROM read_csv('http://127.0.0.1:9/x.csv')"],
    ['would load an extension', 'INSTALL httpfs'],
    ['would unlock it all', 'SET enable_external_access = true'],
  ])('refuses what %s', async (_, sql) => {
    const refused = await hindsight(['query', sql, '--json'], { data });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toEqual({ error: { code: 'sql', message: expect.any(String) } });
    expect(existsSync('stolen.csv')).toBe(false);
  });

  it('is one, and not several: whose answer was meant cannot be told', async () => {
    const { code, stdout, stderr } = await hindsight(['query', 'SELECT 1; SELECT 2'], { data });
    expect([code, stdout, stderr]).toEqual([1, '', 'hindsight: these are 2 queries: ask them one at a time\n']);
    expect((await hindsightJson<Answer>(['query', 'SELECT 1 AS one;'], { data })).rows).toEqual([{ one: 1 }]);
  });

  it('takes a limit of memory, and nothing that is none', async () => {
    const sql = "SELECT current_setting('memory_limit') AS most";
    const { rows } = await hindsightJson<Answer>(['query', sql, '--limit-memory', '200MB'], { data });
    expect(rows).toEqual([{ most: expect.stringMatching(/^190\.\d MiB$/) }]);
    expect((await hindsight(['query', sql, '--limit-memory', 'much'], { data })).code).toBe(2);
  });

  it('is recorded before the first row', async () => {
    const { entries } = await hindsightJson<{ entries: { type: string; data: { filter: { sql: string } } }[] }>(
      ['ops', 'log', '--area', 'query'],
      { data },
    );
    expect(entries.map(({ data: { filter } }) => filter.sql)).toContain("FROM read_text('/etc/hostname')");
    expect(entries.every(({ type }) => type === 'EventsRead')).toBe(true);
  });
});
