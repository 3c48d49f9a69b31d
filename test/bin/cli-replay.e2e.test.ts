import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import type { ChatEvent } from '../../events/chat.ts';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { temporaryFolder } from '../support/server-process.ts';

const DAY = join(PACKAGE_ROOT, 'bin', 'demo', '2004-12-25.ubuntu.txt');
const BATCH = 10;
const data = temporaryFolder();
const work = temporaryFolder();
let all: ChatEvent[];
let chatId: string;

const idsOf = (events: readonly ChatEvent[]): string[] => events.map(({ eventId }) => eventId);
const eventsIn = (ndjson: string): ChatEvent[] => linesOf(ndjson).map((line) => JSON.parse(line) as ChatEvent);

/** An endpoint that keeps what comes, and asks `onBatch` what to do about it. */
interface Endpoint {
  url: string;
  batches: ChatEvent[][];
  /** A status; null: the request is left without an answer. */
  onBatch: (batch: number) => number | null;
}
const endpoint: Endpoint = { url: '', batches: [], onBatch: () => 200 };
let server: Server;

beforeAll(async () => {
  ({ chatId } = await hindsightJson<{ chatId: string }>(['import', 'irc', '--chat', '#ubuntu', DAY], { data }));
  all = eventsIn((await hindsight(['events', '--json'], { data })).stdout);
  server = createServer((request, response) => {
    void text(request).then((body) => {
      endpoint.batches.push(eventsIn(body));
      const status = endpoint.onBatch(endpoint.batches.length);
      if (status !== null) response.writeHead(status).end(status === 403 ? 'not from you' : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const toEndpoint = (checkpoint: string): string[] => {
  const resumable = ['--checkpoint', join(work, checkpoint), '--at-least-once'];
  return ['replay', '--into', endpoint.url, '--batch', String(BATCH), ...resumable];
};

function started(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'hindsight.mjs'), ...args], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, HINDSIGHT_DATA: data },
    stdio: 'ignore',
  });
}

/** Each event comes, for the first time in order, and what comes again is what lies just before. */
function expectAtLeastOnceInOrder(batches: readonly ChatEvent[][]): void {
  const expected = idsOf(all);
  let next = 0;
  for (const batch of batches) {
    const from = expected.indexOf(batch[0]?.eventId ?? '');
    expect(from).toBeGreaterThanOrEqual(0);
    expect(from).toBeLessThanOrEqual(next);
    expect(idsOf(batch)).toEqual(expected.slice(from, from + batch.length));
    next = Math.max(next, from + batch.length);
  }
  expect(next).toBe(expected.length);
}

describe('a replay to an endpoint', () => {
  it('killed in the middle again and again, brings every event at least once and keeps their order', async () => {
    const kills = [2, 3, 6];
    for (const kill of kills) {
      const before = endpoint.batches.length;
      let child: ChildProcess | null = null;
      endpoint.onBatch = (count) => {
        if (count < before + kill) return 200;
        child?.kill('SIGKILL');
        return null;
      };
      child = started(toEndpoint('killed.json'));
      await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
    }
    const killed = endpoint.batches.length;
    endpoint.onBatch = () => 200;
    const { code, stdout } = await hindsight([...toEndpoint('killed.json'), '--json'], { data });
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { taken: expect.any(Number), before: expect.any(Number), position: all.at(-1)?.position, into: endpoint.url },
    ]);
    expect(endpoint.batches.length).toBeGreaterThan(killed);
    expectAtLeastOnceInOrder(endpoint.batches);
    // Each kill repeats the one batch that was on its way.
    expect(endpoint.batches.flat().length).toBeLessThanOrEqual(all.length + kills.length * BATCH);

    const again = await hindsightJson<{ taken: number; before: number }>(toEndpoint('killed.json'), { data });
    expect(again).toMatchObject({ taken: 0, before: all.length });
  });

  it('ends at a refusal, says why, and goes on after what was taken', async () => {
    endpoint.batches.length = 0;
    endpoint.onBatch = (count) => (count === 3 ? 403 : 200);
    const refused = await hindsight([...toEndpoint('refused.json'), '--json'], { data });
    expect([refused.code, JSON.parse(refused.stdout)]).toEqual([
      1,
      { error: { code: 'refused', message: `${new URL(endpoint.url).origin} answers 403: not from you` } },
    ]);
    expect(await hindsightJson(toEndpoint('refused.json'), { data })).toMatchObject({ before: 2 * BATCH });
    expectAtLeastOnceInOrder(endpoint.batches);
  });

  it('that is interrupted stops after what is being taken', async () => {
    endpoint.batches.length = 0;
    let child: ChildProcess | null = null;
    endpoint.onBatch = (count) => {
      if (count === 2) child?.kill('SIGINT');
      return 200;
    };
    child = started([...toEndpoint('interrupted.json'), '--speed', '1', '--max-gap', '0.05']);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(1);
    const { count } = JSON.parse(readFileSync(join(work, 'interrupted.json'), 'utf8')) as { count: number };
    expect(count).toBe(endpoint.batches.flat().length);
    expect(count).toBeLessThan(all.length);
  });

  it.each([
    ['could come twice, and nobody says that the target bears it', ['--checkpoint', 'x.json']],
    ['goes at no speed', ['--speed', 'fast']],
    ['begins at a seq of no chat', ['--from', '3']],
    ['is of a type that there is not', ['--type', 'MessageSend']],
  ])('that %s is not begun', async (_, more) => {
    endpoint.batches.length = 0;
    const { code } = await hindsight(['replay', '--into', endpoint.url, ...more], { data });
    expect([code, endpoint.batches.length, existsSync('x.json')]).toEqual([2, 0, false]);
  });

  it('whose checkpoint cannot be written is not begun', async () => {
    const read = () => hindsightJson<{ entries: object[] }>(['ops', 'log', '--area', 'replay'], { data });
    const before = await read();
    endpoint.batches.length = 0;
    const { code, stderr } = await hindsight(toEndpoint(join('no-folder', 'c.json')), { data });
    expect([code, endpoint.batches]).toEqual([1, []]);
    expect(stderr).toContain('ENOENT');
    expect(stderr).toContain(join('no-folder', 'c.json'));
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(await read()).toEqual(before);
  });

  it('does not go on from the checkpoint of another', async () => {
    const args = [...toEndpoint('killed.json'), '--type', 'MessageSent'];
    const { code, stderr } = await hindsight(args, { data });
    expect([code, stderr]).toEqual([1, expect.stringContaining('is of another replay')]);
  });
});

describe('a replay to a file of the user', () => {
  it('calls it event by event, and stops where it fails', async () => {
    const [seen, handler] = [join(work, 'seen.txt'), join(work, 'handler.ts')];
    writeFileSync(
      handler,
      `import { appendFileSync, existsSync } from 'node:fs';
       let busy = false;
       export default async (event: { seq: number; eventId: string }, { signal }: { signal: AbortSignal }) => {
         if (busy || signal.aborted) throw new Error('called too early');
         busy = true;
         await new Promise((resolve) => setImmediate(resolve));
         if (event.seq === 7 && !existsSync(${JSON.stringify(`${seen}.mended`)})) throw new Error('not seven');
         appendFileSync(${JSON.stringify(seen)}, event.eventId + '\\n');
         busy = false;
       };`,
    );
    const args = ['replay', '--into', handler, '--checkpoint', join(work, 'handler.json'), '--at-least-once'];
    const failed = await hindsight(args, { data });
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('event 7 of chat')]);
    expect(failed.stderr).toContain('not seven');
    writeFileSync(`${seen}.mended`, '');
    expect(await hindsightJson(args, { data })).toMatchObject({ before: 6, taken: all.length - 6 });
    expect(linesOf(readFileSync(seen, 'utf8'))).toEqual(idsOf(all));
  });
});

it('a handler that never comes to an end ends the replay with 1, and not in silence', async () => {
  const handler = join(work, 'never.mjs');
  writeFileSync(handler, 'export default () => new Promise(() => undefined);');
  const ended = await hindsight(['replay', '--into', handler], { data });
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('can never come')]);
});

describe('a replay to the terminal', () => {
  it('is of all chats or of one, filtered, from one point to another', async () => {
    const played = async (...args: string[]): Promise<number[]> =>
      eventsIn((await hindsight(['replay', ...args, '--json'], { data })).stdout).map(({ seq }) => seq);
    const seqs = all.map(({ seq }) => seq);
    expect(await played('--from', '0')).toEqual(seqs);
    expect(await played('--chat', chatId, '--from', '3', '--to', '6')).toEqual([4, 5, 6]);
    expect(await played('--type', 'ChatStarted')).toEqual([1]);
    const [from, to] = [all[9]?.at ?? '', all[19]?.at ?? ''];
    expect(await played('--from', from, '--to', to)).toEqual(seqs.slice(10, 20));
    expect(await played(chatId, '--from', from, '--to', to)).toEqual(seqs.slice(10, 20));
  });

  it('is recorded', async () => {
    const { entries } = await hindsightJson<{ entries: { type: string; data: object }[] }>(
      ['ops', 'log', '--area', 'replay'],
      { data },
    );
    expect(entries.at(-1)).toMatchObject({ type: 'EventsRead', data: { content: true, filter: { chat: chatId } } });
  });
});
