import type * as z from 'zod';
import type { ErrorCode } from '../../events/error-codes.ts';
import { Problem } from '../answers.ts';
import { HTTP_ERRORS } from '../errors.ts';

export type Tag =
  | 'users'
  | 'sessions'
  | 'me'
  | 'chats'
  | 'members'
  | 'messages'
  | 'past'
  | 'receipts'
  | 'events'
  | 'ops'
  | 'server';

const BEARER = [{ bearer: [] }];

/** What a document says of an operation. */
export const about = (operationId: string, tag: Tag, summary: string, description?: string) => ({
  operationId,
  tags: [tag],
  summary,
  security: BEARER,
  ...(description === undefined ? {} : { description }),
});

/** The same for an operation that needs no token. */
export const aboutOpen = (operationId: string, tag: Tag, summary: string, description?: string) => ({
  ...about(operationId, tag, summary, description),
  security: [] as { bearer: never[] }[],
});

const ALWAYS: readonly ErrorCode[] = ['bad-request', 'rate-limited', 'internal', 'busy', 'unavailable'];
const SIGNED_IN: readonly ErrorCode[] = ['unauthenticated', 'token-expired'];
const READ: readonly ErrorCode[] = ['epoch-changed', 'behind'];
const COMMAND: readonly ErrorCode[] = ['too-large', 'unsupported-media-type', 'unknown'];

type Responses = Record<string, { description: string; content: Record<string, { schema: z.ZodType }> }>;
/** Problems are no part of what a handler may return, so the type shows none. */
type NoHandlerMayReturn = Record<never, never>;

/** The problems that an operation may answer with, by status. */
function problems(codes: readonly ErrorCode[]): NoHandlerMayReturn {
  const responses: Responses = {};
  for (const code of new Set(codes)) {
    const status = String(HTTP_ERRORS[code].status);
    const description = [responses[status]?.description, `\`${code}\`: ${HTTP_ERRORS[code].title}.`];
    responses[status] = {
      description: description.filter(Boolean).join(' '),
      content: { 'application/problem+json': { schema: Problem } },
    };
  }
  return responses;
}

export const readProblems = (...codes: ErrorCode[]) => problems([...ALWAYS, ...SIGNED_IN, ...READ, ...codes]);
export const commandProblems = (...codes: ErrorCode[]) => problems([...ALWAYS, ...SIGNED_IN, ...COMMAND, ...codes]);
/** Of what answers without looking at anything. */
export const serverProblems = () => problems(['rate-limited', 'internal']);
export const openProblems = (...codes: ErrorCode[]) => problems([...ALWAYS, ...COMMAND, ...codes]);
