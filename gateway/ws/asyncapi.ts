import * as z from 'zod';
import { ERROR_CODES } from '../../events/error-codes.ts';
import { CLOSE } from '../errors.ts';
import { GATEWAY_PATH } from './limits.ts';
import { OPS } from './ops/index.ts';
import { type Op, RequestId } from './ops/op.ts';
import { PUSHES } from './pushes.ts';

const CHANNEL = 'socket';
const PROTOCOL_VERSION = '1.0.0';

const Failure = z.object({
  id: RequestId,
  ok: z.literal(false),
  error: z.object({ code: z.enum(ERROR_CODES), message: z.string(), retryable: z.boolean() }),
});

/** AsyncAPI 3 of the socket, made from the schemas that check its frames. `urls`: the gateways that there are now. */
export function asyncapiDocument(urls: readonly string[]): object {
  const ops = [...OPS.values()];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Hindsight gateway',
      version: PROTOCOL_VERSION,
      description: `Chats over one socket: commands and reads as \`{id, op, …}\`, answers with the same \`id\`, pushes as \`{ev, …}\`. ${closeCodes()}`,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(urls.map(serverEntry)),
    channels: {
      [CHANNEL]: {
        address: GATEWAY_PATH,
        description:
          'Opened with `Authorization: Bearer …`, or the subprotocols `hindsight.v1, bearer.<access token>`.',
        messages: Object.fromEntries(
          [...ops.flatMap(messageNames), ...Object.keys(PUSHES).map((ev) => `push.${ev}`), 'error'].map((name) => [
            name,
            { $ref: `#/components/messages/${name}` },
          ]),
        ),
      },
    },
    operations: { ...Object.fromEntries(ops.map(requestOperation)), ...pushOperations() },
    components: {
      messages: { ...Object.fromEntries(ops.flatMap(opMessages)), ...pushMessages(), error: failureMessage() },
    },
  };
}

function serverEntry(url: string, index: number): [string, object] {
  const { host, protocol } = new URL(url);
  const description = 'Which one serves a user, the `gateway.url` of the session says.';
  return [`gateway${index === 0 ? '' : index + 1}`, { host, protocol: protocol.replace(':', ''), description }];
}

const messageNames = ({ name }: Op): string[] => [`${name}.request`, `${name}.answer`];
const inChannel = (name: string): object => ({ $ref: `#/channels/${CHANNEL}/messages/${name}` });

function requestOperation({ name, summary }: Op): [string, object] {
  const operation = {
    action: 'receive',
    channel: { $ref: `#/channels/${CHANNEL}` },
    summary,
    messages: [inChannel(`${name}.request`)],
    reply: { channel: { $ref: `#/channels/${CHANNEL}` }, messages: [inChannel(`${name}.answer`), inChannel('error')] },
  };
  return [name, operation];
}

function pushOperations(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(PUSHES).map(([ev, { summary }]) => [
      `push.${ev}`,
      { action: 'send', channel: { $ref: `#/channels/${CHANNEL}` }, summary, messages: [inChannel(`push.${ev}`)] },
    ]),
  );
}

function opMessages({ name, summary, frame, answer }: Op): [string, object][] {
  const answered = z.object({ id: RequestId, ok: z.literal(true), ...answer.shape });
  return [
    [`${name}.request`, { name: `${name}.request`, summary, payload: jsonSchema(frame, 'input') }],
    [`${name}.answer`, { name: `${name}.answer`, payload: jsonSchema(answered, 'output') }],
  ];
}

function pushMessages(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(PUSHES).map(([ev, { summary, frame }]) => [
      `push.${ev}`,
      { name: `push.${ev}`, summary, payload: jsonSchema(frame, 'output') },
    ]),
  );
}

const failureMessage = (): object => ({
  name: 'error',
  summary: 'An op was refused, or failed. With `retryable` the same frame may be sent again.',
  payload: jsonSchema(Failure, 'output'),
});

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): object =>
  z.toJSONSchema(schema, { target: 'draft-7', io, unrepresentable: 'any' });

function closeCodes(): string {
  const codes = Object.entries(CLOSE).map(([why, code]) => `${code} ${why}`);
  return `Close codes: ${codes.join(', ')}.`;
}
