import type { Outcome, Rejection } from '../../events/error-codes.ts';
import { CLOSE } from '../errors.ts';
import { fromFailure } from '../failures.ts';
import { parseJson } from '../json.ts';
import type { Connection } from './connection.ts';
import { count } from './counters.ts';
import { errorFrame, okFrame, type RequestId } from './frames.ts';
import { COMMANDS_OPEN_MAX, FRAME_MAX_BYTES, READS_OPEN_MAX, UNREADABLE_FRAMES_MAX } from './limits.ts';
import { OPS } from './ops/index.ts';
import { type Op, RequestId as RequestIdSchema } from './ops/op.ts';
import type { Services } from './services.ts';

export interface Dispatch {
  readonly services: Services;
  /** Told when an answer was given: shutting down waits for those that are open. */
  readonly answered: () => void;
  /** True once the gateway shuts down: what comes now is refused. */
  readonly closing: () => boolean;
  readonly around?: AroundOp;
}

/** What goes on around an op, such as a span of a trace. Must call `run` before it returns, and answer what that does. */
export type AroundOp = <T>(op: { name: string; traceparent: string | undefined }, run: () => T) => T;

/** One frame of a client. Everything up to the op's own beginning happens before this returns, in order. */
export function onFrame(
  dispatch: Dispatch,
  connection: Connection,
  frame: { text: string | null; bytes: number },
): void {
  const { services } = dispatch;
  services.counters.framesIn += 1;
  connection.lastFrameAt = services.clock();
  if (frame.bytes > FRAME_MAX_BYTES)
    return connection.close(CLOSE.tooLarge, `frames have at most ${FRAME_MAX_BYTES} bytes`);
  if (frame.text === null) return unreadable(dispatch, connection, { id: null, why: 'frames are text' });
  if (connection.frameLimit?.frames.take() === false) return overRate(dispatch, connection, frame.text);
  const parsed = parseJson(frame.text);
  if (!parsed.ok) return unreadable(dispatch, connection, { id: guessId(frame.text), why: parsed.rejection.detail });
  const value = parsed.value;
  const id = idOf(value);
  if (id === null) return unreadable(dispatch, connection, { id, why: 'no id' });
  connection.unreadableInARow = 0;
  const { op: name } = value as { op?: unknown };
  const op = typeof name === 'string' ? OPS.get(name) : undefined;
  if (!op) return refuse(dispatch, connection, id, { code: 'bad-request', detail: 'no such op' });
  const checked = op.check.safeParse(value);
  if (!checked.success) return refuse(dispatch, connection, id, badRequest(checked.error.issues));
  if (connection.commandLimit && op.kind === 'command' && !connection.commandLimit.take()) {
    return refuse(dispatch, connection, id, { code: 'rate-limited', detail: 'too many commands of this user' });
  }
  run(dispatch, connection, { op, id, input: checked.data });
}

interface Call {
  readonly op: Op;
  readonly id: RequestId;
  readonly input: unknown;
}

function run(dispatch: Dispatch, connection: Connection, { op, id, input }: Call): void {
  const { services } = dispatch;
  if (dispatch.closing())
    return refuse(dispatch, connection, id, { code: 'unavailable', detail: 'shutting down: reconnect' });
  if (
    op.kind === 'command'
      ? connection.commandsOpen >= COMMANDS_OPEN_MAX
      : op.kind === 'read' && connection.readsOpen >= READS_OPEN_MAX
  ) {
    return refuse(dispatch, connection, id, { code: 'busy', detail: 'too many requests of this socket are open' });
  }
  let outcome: Promise<Outcome<object>> | Outcome<object>;
  try {
    outcome = begin(dispatch, connection, { op, id, input });
  } catch (error) {
    return refuse(dispatch, connection, id, failure(services, op, error));
  }
  if (!(outcome instanceof Promise)) return answer(dispatch, connection, id, outcome);
  track(connection, op, 1);
  void outcome
    .catch((error: unknown): Outcome<object> => ({ ok: false, rejection: failure(services, op, error) }))
    .then((settled) => {
      track(connection, op, -1);
      answer(dispatch, connection, id, settled);
      dispatch.answered();
    });
}

function begin({ services, around }: Dispatch, connection: Connection, { op, input }: Call): ReturnType<Op['run']> {
  if (!around) return op.run({ services, connection }, input as never);
  const { traceparent } = input as { traceparent?: string };
  return around({ name: op.name, traceparent }, () => op.run({ services, connection }, input as never));
}

function track(connection: Connection, op: Op, by: 1 | -1): void {
  if (op.kind === 'command') connection.commandsOpen += by;
  else connection.readsOpen += by;
}

function answer(dispatch: Dispatch, connection: Connection, id: RequestId, outcome: Outcome<object>): void {
  if (!outcome.ok) return refuse(dispatch, connection, id, outcome.rejection);
  if (connection.socket.open) connection.outbox.push(okFrame(id, outcome.value), null);
}

function refuse(dispatch: Dispatch, connection: Connection, id: RequestId, rejection: Rejection): void {
  count(dispatch.services.counters.errors, rejection.code);
  if (connection.socket.open) connection.outbox.push(errorFrame(id, rejection), null);
}

function failure(services: Services, op: Op, error: unknown): Rejection {
  const rejection = fromFailure(error);
  if (rejection.code === 'internal') services.logger.error({ err: error, op: op.name }, 'an op failed');
  return rejection;
}

function unreadable(
  dispatch: Dispatch,
  connection: Connection,
  { id, why }: { id: RequestId | null; why: string },
): void {
  if (id !== null) refuse(dispatch, connection, id, { code: 'bad-request', detail: why });
  connection.unreadableInARow += 1;
  if (connection.unreadableInARow >= UNREADABLE_FRAMES_MAX)
    connection.close(CLOSE.badFrame, 'too many unreadable frames');
}

function overRate(dispatch: Dispatch, connection: Connection, text: string): void {
  if (connection.frameLimit?.strikes.take() === false) return connection.close(CLOSE.tooMany, 'too many frames');
  const id = guessId(text);
  if (id !== null) refuse(dispatch, connection, id, { code: 'rate-limited', detail: 'too many frames' });
}

function idOf(value: unknown): RequestId | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  const id = RequestIdSchema.safeParse(value.id);
  return id.success ? id.data : null;
}

/** The id of a frame that is not parsed, where it stands first, as every client writes it. */
const LEADING_ID = /^\s*\{\s*"id"\s*:\s*(?:"([^"\\]{1,64})"|(-?\d{1,15})(?=\s*[,}]))/;
function guessId(text: string): RequestId | null {
  const [, name, number] = LEADING_ID.exec(text) ?? [];
  return name ?? (number === undefined ? null : Number(number));
}

function badRequest(issues: readonly { path: PropertyKey[]; message: string }[]): Rejection {
  const errors = issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  const [first] = errors;
  return { code: 'bad-request', detail: first ? `${first.path}: ${first.message}` : 'not well formed', errors };
}
