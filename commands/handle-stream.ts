import { type Decoded, decodeToDecide } from '../events/codec.ts';
import { accepted, type Outcome } from '../events/error-codes.ts';
import { NO_STREAM, type RecordedEvent, StoreError } from '../events/event-store.ts';
import { pagesOfStream } from '../events/pages.ts';
import { type Appended, appendUntilKnown } from './append.ts';
import { busy, COMMAND_DEADLINE_MS, unknown, unreachable } from './chat-writer.ts';
import { encodeEvent, type Intended } from './encode.ts';
import type { CommandsDeps, Timer } from './ports.ts';

export interface StreamDeps extends Pick<CommandsDeps, 'store' | 'ids' | 'clock' | 'trace'> {
  readonly timer: Timer;
  readonly closing: () => boolean;
}

export interface Fact {
  readonly type: string;
  readonly data: unknown;
}

/** A command to an aggregate whose stream is short, or whose last event says it all. */
export interface StreamCommand<S> {
  readonly stream: string;
  readonly actor: string;
  readonly commandId: string;
  readonly read: 'all' | 'last';
  readonly initial: S;
  /** Pure. `metadata` of a new event is what it is stored with. */
  readonly evolve: (state: S, event: Pick<Decoded, 'type' | 'data' | 'metadata'>) => S;
  /** No facts: what is asked for stands already. */
  readonly decide: (state: S) => Outcome<readonly Fact[]>;
}

/** Load, fold, decide, append; on a conflict all over again, until the deadline. Answers with the state after it. */
export async function handleStream<S>(command: StreamCommand<S>, deps: StreamDeps): Promise<Outcome<S>> {
  try {
    return await decideAndAppend(command, deps);
  } catch (error) {
    if (error instanceof StoreError && error.temporary) return unreachable(); // reading failed: nothing was appended
    throw error;
  }
}

async function decideAndAppend<S>(command: StreamCommand<S>, deps: StreamDeps): Promise<Outcome<S>> {
  const deadline = deps.timer.now() + COMMAND_DEADLINE_MS;
  do {
    const { state, revision } = await loadStream(command, deps);
    const decision = command.decide(state);
    if (!decision.ok) return decision;
    if (decision.value.length === 0) return accepted(state);
    const intended = intend(command, decision.value, deps);
    const { timer, closing, store } = deps;
    const events = intended.map((event) => encodeEvent(event, deps.ids));
    const { stream } = command;
    const appended = appendUntilKnown({
      store,
      timer,
      closing,
      deadline,
      pursue: false,
      stream,
      expected: revision,
      events,
    });
    const result = await byDeadline(appended, deadline, timer);
    if (result.status === 'appended')
      return accepted(intended.reduce((s, event) => command.evolve(s, evolvable(event)), state));
    if (result.status === 'unknown') return unknown();
    if (result.status === 'lost') {
      if (!result.error.temporary) throw result.error;
      return unreachable();
    }
  } while (deps.timer.now() < deadline);
  return busy();
}

/** A store that does not answer at all must not keep its caller: what becomes of it is then unknown. */
async function byDeadline(appended: Promise<Appended>, deadline: number, timer: Timer): Promise<Appended> {
  let cancel: () => void = () => undefined;
  const late = new Promise<Appended>((resolve) => {
    cancel = timer.after(deadline - timer.now(), () => resolve({ status: 'unknown' }));
  });
  try {
    return await Promise.race([appended, late]);
  } finally {
    cancel();
  }
}

/** The state of a stream as the log has it now. */
export async function loadStream<S>(
  { stream, read, initial, evolve }: Pick<StreamCommand<S>, 'stream' | 'read' | 'initial' | 'evolve'>,
  { store }: Pick<StreamDeps, 'store'>,
): Promise<{ state: S; revision: number }> {
  let state = initial;
  let revision = NO_STREAM;
  const apply = (event: RecordedEvent): void => {
    state = evolve(state, decodeToDecide(event));
    revision = event.revision;
  };
  if (read === 'last') {
    for (const event of await store.readStream(stream, { direction: 'backwards', limit: 1 })) apply(event);
    return { state, revision };
  }
  for await (const page of pagesOfStream(store, stream)) page.forEach(apply);
  return { state, revision };
}

function intend<S>(
  { stream, actor, commandId }: StreamCommand<S>,
  facts: readonly Fact[],
  deps: StreamDeps,
): Intended[] {
  const traceparent = deps.trace?.();
  const at = deps.clock();
  return facts.map((fact) => ({ ...fact, stream, actor, at, commandId, correlationId: commandId, traceparent }));
}

const evolvable = ({ type, data, actor, at, commandId, correlationId }: Intended) => ({
  type,
  data,
  metadata: { v: 1, actor, at, commandId, correlationId },
});
