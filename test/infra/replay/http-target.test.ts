import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { httpTarget } from '../../../infra/replay/http-target.ts';
import type { ReplayTarget } from '../../../queries/replay/index.ts';
import { KINDS, startChat, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';

interface Received {
  key: string | undefined;
  authorization: string | undefined;
  events: ChatEvent[];
}
/** A status, `drop` for a connection that is cut after the body came. */
type Answer = number | 'drop';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** An endpoint that answers as it is told, then 200. */
async function endpoint(
  answers: Answer[],
  headers: Record<string, string> = {},
): Promise<{ url: URL; received: Received[] }> {
  const received: Received[] = [];
  const take = async (request: IncomingMessage): Promise<Answer> => {
    const lines = (await text(request)).split('\n').filter((line) => line !== '');
    received.push({
      key: request.headers['idempotency-key'] as string | undefined,
      authorization: request.headers.authorization,
      events: lines.map((line) => JSON.parse(line) as ChatEvent),
    });
    return answers.shift() ?? 200;
  };
  server = createServer((request, response) => {
    void take(request).then((answer) => {
      if (answer === 'drop') response.destroy();
      else response.writeHead(answer, headers).end(answer < 300 ? '' : 'because of this');
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/in`), received };
}

const events = startedChat();
function startedChat(): ChatEvent[] {
  const random = seeded(7);
  const chat = startChat({
    ...(KINDS[2] as (typeof KINDS)[number]),
    n: 1,
    users: [userId(1), userId(2)],
    positions: { last: 0 },
    random,
  });
  while (chat.events.length < 6) chat.grow(random);
  return chat.events;
}

const retried: string[] = [];
const targetOf = (url: URL): ReplayTarget => {
  retried.length = 0;
  return httpTarget({
    url,
    headers: { authorization: 'Bearer me' },
    batchEvents: 3,
    onRetry: (why) => retried.push(why),
    waitFactor: 0.001,
  });
};
const { signal } = new AbortController();

describe('an endpoint', () => {
  it('is sent lines, with the ids of the events as the key', async () => {
    const { url, received } = await endpoint([]);
    const target = targetOf(url);
    expect(await target.take(events.slice(0, 3), signal)).toBe(3);
    expect(await target.take(events.slice(3, 4), signal)).toBe(1);
    expect(received).toEqual([
      {
        key: `${events[0]?.eventId}..${events[2]?.eventId}`,
        authorization: 'Bearer me',
        events: events.slice(0, 3),
      },
      { key: events[3]?.eventId, authorization: 'Bearer me', events: events.slice(3, 4) },
    ]);
  });

  it('is sent the same again after 5xx, 429, 408 and a lost answer', async () => {
    const { url, received } = await endpoint([503, 429, 'drop', 408]);
    expect(await targetOf(url).take(events, signal)).toBe(events.length);
    expect(received).toHaveLength(5);
    expect(new Set(received.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(retried).toEqual([
      `${url.origin} answers 503: because of this`,
      `${url.origin} answers 429: because of this`,
      expect.stringContaining(`${url.origin} cannot be reached: `),
      `${url.origin} answers 408: because of this`,
    ]);
  });

  it('says itself when to come again', async () => {
    const { url } = await endpoint([503], { 'retry-after': '7' });
    const waits: number[] = [];
    const target = httpTarget({
      url,
      headers: {},
      batchEvents: 1,
      waitFactor: 0.001,
      onRetry: (_, waitMs) => waits.push(waitMs),
    });
    await target.take(events.slice(0, 1), signal);
    expect(waits).toEqual([7]);
  });

  it.each([400, 401, 404, 413, 302])('ends it with %i', async (status) => {
    const { url, received } = await endpoint([status]);
    await expect(targetOf(url).take(events, signal)).rejects.toMatchObject({
      code: 'refused',
      message: `${url.origin} answers ${status}: because of this`,
    });
    expect(received).toHaveLength(1);
  });

  it('is given up after ten attempts', async () => {
    const { url, received } = await endpoint(Array.from({ length: 20 }, () => 500));
    await expect(targetOf(url).take(events, signal)).rejects.toMatchObject({ code: 'unavailable' });
    expect(received).toHaveLength(10);
  });

  it('is waited for no longer once the replay is stopped', async () => {
    const { url } = await endpoint([503], { 'retry-after': '100' });
    const stopping = new AbortController();
    const target = httpTarget({ url, headers: {}, batchEvents: 1, onRetry: () => stopping.abort() });
    expect(await target.take(events, stopping.signal)).toBe(0);
  });
});
