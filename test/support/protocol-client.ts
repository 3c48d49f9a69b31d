import { WebSocket } from 'ws';

/** A bare client of the public contract, written from it and sharing no code with the product: what it sees is the truth. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
  headers: Headers;
}

interface CallOptions {
  method?: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function call<T = Record<string, unknown>>(
  http: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer<T>> {
  const response = await fetch(`${http}${path}`, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    ...(options.signal && { signal: options.signal }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T, headers: response.headers };
}

export interface SignedIn {
  userId: string;
  username: string;
  accessToken: string;
  refreshToken: string;
  gateway: string;
}

export const TEST_PASSWORD = 'correct horse battery 42';

export async function signUp(http: string, username: string): Promise<SignedIn> {
  const made = await call<{ userId: string }>(http, '/v1/users', {
    body: { username, password: TEST_PASSWORD, displayName: username },
  });
  if (made.status !== 201) throw new Error(`sign-up of ${username}: ${made.status} ${JSON.stringify(made.body)}`);
  return signIn(http, username);
}

interface SessionAnswer {
  accessToken: string;
  refreshToken: string;
  user: { userId: string };
  gateway: { url: string };
}

export async function signIn(http: string, username: string): Promise<SignedIn> {
  const body = { username, password: TEST_PASSWORD };
  const session = await call<SessionAnswer>(http, '/v1/sessions', { body });
  return signedIn(username, session);
}

/** New tokens for the old ones, and the address of the gateway that serves the user now. */
export async function renewSession(http: string, { username, refreshToken }: SignedIn): Promise<SignedIn> {
  return signedIn(username, await call<SessionAnswer>(http, '/v1/sessions/refresh', { body: { refreshToken } }));
}

function signedIn(username: string, { status, body }: Answer<SessionAnswer>): SignedIn {
  if (status !== 201) throw new Error(`sign-in of ${username}: ${status} ${JSON.stringify(body)}`);
  const { accessToken, refreshToken, user, gateway } = body;
  return { userId: user.userId, username, accessToken, refreshToken, gateway: gateway.url };
}

export type Frame = Record<string, unknown>;

export interface TestSocket {
  /** Frames that came unasked, in order. */
  readonly frames: Frame[];
  request(op: string, fields?: Frame): Promise<Frame>;
  /** Resolves to the first unasked frame (past ones included) that fits. */
  until(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** Sees every unasked frame as it comes. */
  onFrame(listener: (frame: Frame) => void): void;
  sendRaw(text: string | Buffer): void;
  /** Resolves to the close code. */
  readonly closed: Promise<number>;
  close(): void;
  /** Cuts the connection without a word. */
  cut(): void;
}

export function openSocket(url: string, token: string): Promise<TestSocket> {
  const socket = new WebSocket(url, ['hindsight.v1', `bearer.${token}`], { perMessageDeflate: false });
  const frames: Frame[] = [];
  const listeners = new Set<(frame: Frame) => void>();
  const waiting = new Map<string, { resolve: (frame: Frame) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  const closed = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      for (const { reject } of waiting.values()) reject(new Error(`closed with ${code}`));
      waiting.clear();
      resolve(code);
    });
  });
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    const asked = typeof frame['id'] === 'string' && !('ev' in frame) ? waiting.get(frame['id']) : undefined;
    if (asked) {
      waiting.delete(frame['id'] as string);
      asked.resolve(frame);
      return;
    }
    frames.push(frame);
    for (const listener of listeners) listener(frame);
  });
  const client: TestSocket = {
    frames,
    closed,
    request(op, fields = {}) {
      const id = `r${++lastId}`;
      return new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) return reject(new Error('not open'));
        waiting.set(id, { resolve, reject });
        socket.send(JSON.stringify({ id, op, ...fields }));
      });
    },
    until(fits) {
      const there = frames.find(fits);
      if (there) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const listener = (frame: Frame): void => {
          if (!fits(frame)) return;
          listeners.delete(listener);
          resolve(frame);
        };
        listeners.add(listener);
        void closed.then((code) => reject(new Error(`closed with ${code} while waiting`)));
      });
    },
    onFrame: (listener) => void listeners.add(listener),
    sendRaw: (text) => socket.send(text),
    close: () => socket.close(),
    cut: () => socket.terminate(),
  };
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client));
    socket.once('unexpected-response', (_, response) => reject(new Error(`upgrade refused: ${response.statusCode}`)));
    socket.on('error', reject);
  });
}
