import { createUlidFactory } from '../../infra/system/ids.ts';
import { type Answer, call, type SignedIn, signUp } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/** What the assertions reach into; an answer has some of it. */
export interface Body {
  [field: string]: unknown;
  chatId: string;
  messageId: string;
  jobId: string;
  seq: number;
  position: string;
  changed: boolean;
  messages: Body[];
}

export interface Options {
  as?: SignedIn;
  body?: unknown;
  method?: string;
  headers?: Record<string, string>;
}

/** A server with two users, and the shortest ways to ask it something; whoever is not named asks as Mara. */
export interface Asker {
  server: ServerProcess;
  mara: SignedIn;
  ben: SignedIn;
  ask(path: string, options?: Options): Promise<Answer<Body>>;
  /** A group of Mara's; of Ben, too, where `members` is left out. */
  group(members?: SignedIn[], more?: object): Promise<string>;
  say(chatId: string, text: string, more?: Options & { fields?: object }): Promise<Answer<Body>>;
  /** The chat's last message, not from before an answer. */
  latest(chatId: string, after: Answer<Body>): Promise<Body>;
}

export const UNKNOWN_ID = '01HQ3ZS5X0ZZZZZZZZZZZZZZZZ';
export const ulid = createUlidFactory();
export const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
export const refusal = ({ status, body }: Answer<Body>) => [status, body['code']];

export async function startAsker(): Promise<Asker> {
  const server = await startServerProcess();
  const mara = await signUp(server.http, 'mara');
  const ben = await signUp(server.http, 'ben');
  const ask: Asker['ask'] = (path, { as = mara, ...rest } = {}) =>
    call<Body>(server.http, `/v1${path}`, { token: as.accessToken, ...rest });
  return {
    server,
    mara,
    ben,
    ask,
    async group(members = [ben], more = {}) {
      const body = { kind: 'group', title: 'Owls', members: members.map(({ userId }) => userId), ...more };
      return (await ask('/chats', { body })).body.chatId;
    },
    say: (chatId, text, { fields, ...more } = {}) =>
      ask(`/chats/${chatId}/messages`, { ...more, body: { text, ...fields } }),
    async latest(chatId, after) {
      const page = await ask(`/chats/${chatId}/messages?limit=1&minPosition=${after.body.position}`);
      return page.body.messages[0] as Body;
    },
  };
}
