import type { Socket } from 'node:net';
import { frameOf, openSocket } from './frames.ts';

const WELCOME = '{"ev":"welcome"';
const SYNC_ANSWER = '{"id":0,';

/** A signed-in socket that has heard `welcome` and, where asked for, the answer of its first `sync` from now on. */
export async function openSignedIn(options: {
  url: string;
  token: string;
  sync: boolean;
  onPayload: (bytes: Buffer, start: number, end: number) => void;
}): Promise<Socket> {
  const { onPayload } = options;
  const opening: { heard: ((text: string) => void) | null } = { heard: null };
  const next = (beginning: string): Promise<string> =>
    new Promise((resolve) => {
      opening.heard = (text) => {
        if (text.startsWith(beginning)) resolve(text);
      };
    });
  const welcome = next(WELCOME);
  const socket = await openSocket({
    url: options.url,
    token: options.token,
    onPayload: (bytes, start, end) => {
      if (opening.heard) opening.heard(bytes.toString('utf8', start, end));
      else onPayload(bytes, start, end);
    },
  });
  const { position } = JSON.parse(await welcome) as { position: string };
  if (options.sync) {
    const answer = next(SYNC_ANSWER);
    socket.write(frameOf(`{"id":0,"op":"sync","since":"${position}"}`));
    if (!(await answer).includes('"ok":true')) throw new Error(`sync: ${await answer}`);
  }
  opening.heard = null;
  return socket;
}

const AT_ONCE = 50;

/** In order, some at a time, so that no server's backlog of connections overflows. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const turn = items.slice(from, from + AT_ONCE).map((item, i) => work(item, from + i));
    done.push(...(await Promise.all(turn)));
  }
  return done;
}
