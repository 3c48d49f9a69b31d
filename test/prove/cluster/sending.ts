import { call, type TestSocket } from '../../support/protocol-client.ts';

export interface Message {
  readonly chatId: string;
  /** The idempotency key: whatever becomes of a try, the next one names it again. */
  readonly messageId: string;
  readonly text: string;
}

/** What a message was answered: its seq, that it will not do, or that it may be sent again after so long. */
export type Outcome = { readonly seq: number } | { readonly refused: string } | { readonly againAfterMs: number };

/** Sends a message once; rejects where that is not answered. */
export type Post = (message: Message) => Promise<Outcome>;

export const ANSWER_WITHIN_MS = 10_000;
/** For answers that do not say how long. */
const AGAIN_AFTER_MS = 250;

export function overSocket(socket: TestSocket): Post {
  return async (message) => {
    const answer = await socket.request('send', { ...message });
    if (answer['ok'] === true) return { seq: answer['seq'] as number };
    const { code, retryable } = answer['error'] as { code: string; retryable: boolean };
    return retryable ? { againAfterMs: AGAIN_AFTER_MS } : { refused: code };
  };
}

interface HttpAnswer {
  readonly seq?: number;
  readonly code?: string;
  readonly retryable?: boolean;
}

export interface OverHttp {
  /** Whichever process to ask at each try, as a balancer would that has not missed those that are dead. */
  http(): string;
  token(): string;
  /** The token is good for nothing any more: a renewal whose answer was lost ends the session when it is tried again. */
  renew(): Promise<void>;
}

export function overHttp({ http, token, renew }: OverHttp): Post {
  return async ({ chatId, ...body }) => {
    const {
      status,
      body: answer,
      headers,
    } = await call<HttpAnswer>(http(), `/v1/chats/${chatId}/messages`, {
      token: token(),
      body,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.seq !== undefined) return { seq: answer.seq };
    if (status === 401) {
      await renew();
      return { againAfterMs: AGAIN_AFTER_MS };
    }
    if (answer.retryable !== true) return { refused: `${status} ${answer.code}` };
    const seconds = Number(headers.get('retry-after') ?? 0);
    return { againAfterMs: seconds > 0 ? seconds * 1_000 : AGAIN_AFTER_MS };
  };
}
