import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  type Answer,
  call,
  type Frame,
  openSocket,
  type SignedIn,
  signIn,
  signUp,
  TEST_PASSWORD,
  type TestSocket,
} from '../support/protocol-client.ts';
import { clusterSettings, type ServerProcess } from '../support/server-process.ts';

/** The shapes of the public contract, as far as these tests look at them. Written from it, not from the product. */
export interface Reply {
  chatId: string;
  messageId: string;
  seq: number;
  at: string;
  position: string;
  changed: boolean;
}

export interface Point {
  seq: number;
  at: string | null;
}

export interface Message {
  seq: number;
  number: number;
  messageId: string;
  senderId: string;
  at: string;
  text: string;
  editedAt: string | null;
  deleted: boolean;
  withheld: string | null;
  replyTo: { messageId: string; seq: number } | null;
  mentions: string[];
  files: unknown[];
  reactions: { emoji: string; count: number; mine: boolean; userIds: string[] }[];
}

export interface Page {
  chatId: string;
  asOf: Point;
  title: string | null;
  memberCount: number;
  messages: Message[];
  next: { before?: number; after?: number; asOf: number } | null;
  position: string;
}

export interface ChatEvent {
  chatId: string;
  seq: number;
  throughSeq?: number;
  type: string;
  v: number;
  data: Record<string, unknown>;
  actor: string;
  at: string;
  recordedAt: string;
  position: string;
  eventId: string;
  commandId: string;
  correlationId: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  retryable: boolean;
}

export interface Summary {
  chatId: string;
  kind: string;
  title: string | null;
  peerId?: string;
  memberCount: number;
  headSeq: number;
  visibleFrom: number;
  lastMessage: Message | null;
  unread: number;
  readSeq: number;
}

type Headers = Record<string, string>;

/** Somebody signed in, and the calls they make; paths are given without `/v1`. */
export interface Person extends SignedIn {
  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>>;
  post<T = Reply>(path: string, body: unknown, headers?: Headers): Promise<Answer<T>>;
  put<T = Reply>(path: string, body?: unknown, headers?: Headers): Promise<Answer<T>>;
  patch<T = Reply>(path: string, body: unknown, headers?: Headers): Promise<Answer<T>>;
  delete<T = Reply>(path: string, headers?: Headers): Promise<Answer<T>>;
  socket(): Promise<TestSocket>;
}

/** By server: the position of the last command that was answered. */
const written = new Map<string, string>();

export function asPerson(http: string, user: SignedIn): Person {
  const token = user.accessToken;
  const ask = async <T>(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer<T>> => {
    const answer = await call<T>(http, `/v1${path}`, { method, token, headers, ...(body !== undefined && { body }) });
    const { position } = answer.body as { position?: unknown };
    if (method !== 'GET' && typeof position === 'string') written.set(http, position);
    return answer;
  };
  /** Views may lag: what a test has written it reads, unless it says otherwise. */
  const read = <T>(path: string): Promise<Answer<T>> => {
    const position = path.startsWith('/chats') && !path.includes('minPosition=') ? written.get(http) : undefined;
    if (position === undefined) return ask<T>('GET', path);
    return ask<T>('GET', `${path}${path.includes('?') ? '&' : '?'}minPosition=${encodeURIComponent(position)}`);
  };
  return {
    ...user,
    get: read,
    post: (path, body, headers) => ask('POST', path, body, headers),
    put: (path, body, headers) => ask('PUT', path, body, headers),
    patch: (path, body, headers) => ask('PATCH', path, body, headers),
    delete: (path, headers) => ask('DELETE', path, undefined, headers),
    socket: () => openSocket(user.gateway, token),
  };
}

let people = 0;

/** A new user, signed in; the name is made unique. */
export async function person(server: ServerProcess, name: string): Promise<Person> {
  return asPerson(server.http, await signUp(server.http, `${name}.${++people}`));
}

export async function again(server: ServerProcess, who: Person): Promise<Person> {
  return asPerson(server.http, await signIn(server.http, who.username));
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID of that time. */
export function ulid(time = Date.now()): string {
  let head = '';
  for (let rest = time, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) head = CROCKFORD[rest % 32] + head;
  return head + [...randomBytes(16)].map((byte) => CROCKFORD[byte % 32]).join('');
}

export const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
export const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export async function group(owner: Person, members: Person[], more: Record<string, unknown> = {}): Promise<string> {
  const made = await owner.post('/chats', {
    kind: 'group',
    title: 'The group',
    members: members.map(({ userId }) => userId),
    ...more,
  });
  if (made.status !== 201) throw new Error(`group: ${made.status} ${JSON.stringify(made.body)}`);
  return made.body.chatId;
}

export async function say(who: Person, chatId: string, text: string, more: Frame = {}): Promise<Reply> {
  const sent = await who.post(`/chats/${chatId}/messages`, { text, ...more });
  if (sent.status !== 201) throw new Error(`send: ${sent.status} ${JSON.stringify(sent.body)}`);
  return sent.body;
}

export async function eventsOf(who: Person, chatId: string, query = ''): Promise<ChatEvent[]> {
  const page = await who.get<{ events: ChatEvent[] }>(`/chats/${chatId}/events${query}`);
  if (page.status !== 200) throw new Error(`events: ${page.status} ${JSON.stringify(page.body)}`);
  return page.body.events;
}

export const history = (who: Person, chatId: string, query = ''): Promise<Answer<Page>> =>
  who.get<Page>(`/chats/${chatId}/messages${query}`);

export async function summary(who: Person, chatId: string, position = ''): Promise<Summary> {
  const { body } = await who.get<{ chats: Summary[] }>(
    `/chats${position === '' ? '' : `?minPosition=${encodeURIComponent(position)}`}`,
  );
  const found = body.chats.find((chat) => chat.chatId === chatId);
  if (!found) throw new Error('not in the list');
  return found;
}

export const codeOf = (answer: Answer<unknown>): string => `${answer.status} ${(answer.body as Problem).code}`;

export const keys = (value: object): string[] => Object.keys(value).sort();

export async function live(who: Person): Promise<TestSocket> {
  const socket = await who.socket();
  const { position } = await socket.until((frame) => frame['ev'] === 'welcome');
  const answer = await socket.request('sync', { since: position });
  if (answer['ok'] !== true) throw new Error(JSON.stringify(answer));
  return socket;
}

export const isEvent =
  (chatId: string, seq: number) =>
  (frame: Frame): boolean =>
    frame['ev'] === 'event' && frame['chatId'] === chatId && frame['seq'] === seq;

export const seqsOf = (socket: TestSocket, chatId: string): unknown[] =>
  socket.frames.filter((f) => f['ev'] === 'event' && f['chatId'] === chatId).map((f) => f['seq']);

const ENTRY = fileURLToPath(new URL('../../bin/hindsight.mjs', import.meta.url));

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `hindsight <verb>` in a process of its own. */
export async function hindsight(
  data: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Run> {
  const cluster = await clusterSettings(data);
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: { ...process.env, HINDSIGHT_DATA: data, ...cluster, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** The same with `--json`: the one document it prints. */
export async function hindsightJson<T>(data: string, args: readonly string[], input?: string): Promise<T> {
  const run = await hindsight(data, [...args, '--json'], input === undefined ? {} : { input });
  if (run.code !== 0) throw new Error(`${args.join(' ')}: ${run.code} ${run.stderr} ${run.stdout}`);
  return JSON.parse(run.stdout) as T;
}

/** A new user with these roles, signed in. */
export async function staff(server: ServerProcess, name: string, roles: string[]): Promise<Person> {
  const username = `${name}.${++people}`;
  await hindsightJson(
    server.data,
    ['user', 'create', username, '--password-stdin', ...roles.flatMap((role) => ['--role', role])],
    TEST_PASSWORD,
  );
  return asPerson(server.http, await signIn(server.http, username));
}
