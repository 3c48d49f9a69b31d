import { status as grpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import { streamIdentifier, streamName, streamsPb, uuid, uuidText } from '../wire.ts';
import {
  accessDenied,
  appendTooLarge,
  type BatchResponse,
  batchSuccess,
  callError,
  type Expected,
  notHandled,
  notLeader,
  timedOut,
  unknownError,
  wrongExpectedVersion,
} from './answers.ts';
import { addEvent, type Proposal, type Written, write } from './appending.ts';
import { APPEND_MAX_BYTES, type StandInContext } from './context.ts';

type Request = InstanceType<typeof streamsPb.BatchAppendReq>;
type Call = ServerDuplexStream<Request, BatchResponse>;

/** Appends of one client, as many in flight as it sends; answers come as they are written. */
export function batchAppend(context: StandInContext, call: Call): void {
  const proposals = new Map<string, Proposal>();
  let open = 0;
  let ended = false;
  const endWhenDone = (): void => {
    if (ended && open === 0) call.end();
  };
  const failed = (error: unknown): void => void call.destroy(error as Error);

  async function finish(id: string, proposal: Proposal): Promise<void> {
    open += 1;
    const answer = await decided(context, call, proposal);
    open -= 1;
    if (answer && !call.cancelled && !call.destroyed) respond(call, { id, proposal, answer });
    endWhenDone();
  }

  call.on('data', (request: Request) => {
    const id = uuidText(request.getCorrelationId());
    const options = request.getOptions();
    if (options) proposals.set(id, proposalOf(options));
    const proposal = proposals.get(id);
    if (!proposal) return;
    for (const message of request.getProposedMessagesList()) addEvent(proposal, message);
    if (!request.getIsFinal()) return;
    proposals.delete(id);
    finish(id, proposal).catch(failed);
  });
  call.on('end', () => {
    ended = true;
    endWhenDone();
  });
  call.on('error', () => call.end());
}

/** What is answered; null where nothing is, because the call broke or nobody is to know. */
async function decided(context: StandInContext, call: Call, proposal: Proposal): Promise<Written | 'timeout' | null> {
  const { faults, store } = context;
  const { stream, events } = proposal;
  const fate = (await faults.append?.({ stream, events: events.length, by: 'batch' })) ?? 'fine';
  if (fate === 'swallow') return null;
  if (fate === 'busy' || fate === 'denied') return { status: fate };
  if (fate === 'cut-before') return cut(call);
  if (fate === 'not-leader') {
    call.emit('error', notLeader(faults.leader ?? context.self));
    return null;
  }
  const written = await write(store, proposal);
  if (fate === 'cut-after') return cut(call);
  if (fate === 'end-after') {
    call.end();
    return null;
  }
  if (fate === 'mute') return null;
  await faults.answer?.({ stream: proposal.stream });
  if (fate === 'timeout') return 'timeout';
  return written.status === 'written' ? { ...written, position: written.position * context.stride } : written;
}

function cut(call: Call): null {
  call.emit('error', callError(grpcStatus.UNAVAILABLE, 'the call was cut on demand'));
  return null;
}

interface Answered {
  id: string;
  proposal: Proposal;
  answer: Written | 'timeout';
}

function respond(call: Call, { id, proposal, answer }: Answered): void {
  const response = new streamsPb.BatchAppendResp();
  response.setCorrelationId(uuid(id));
  response.setStreamIdentifier(streamIdentifier(proposal.stream));
  if (answer === 'timeout') response.setError(timedOut());
  else if (answer.status === 'written') response.setSuccess(batchSuccess(answer.revision, String(answer.position)));
  else if (answer.status === 'wrong-version')
    response.setError(wrongExpectedVersion(answer.current, proposal.expected));
  else if (answer.status === 'too-large') response.setError(appendTooLarge(APPEND_MAX_BYTES));
  else if (answer.status === 'denied') response.setError(accessDenied());
  else if (answer.status === 'busy') response.setError(notHandled('Server Is Busy'));
  else response.setError(unknownError(answer.message));
  // What is in flight is bounded by what the client sent.
  call.write(response);
}

function proposalOf(options: InstanceType<typeof streamsPb.BatchAppendReq.Options>): Proposal {
  return { stream: streamName(options.getStreamIdentifier()), expected: expectedOf(options), events: [], bytes: 0 };
}

function expectedOf(options: InstanceType<typeof streamsPb.BatchAppendReq.Options>): Expected {
  if (options.hasStreamPosition()) return Number(options.getStreamPosition());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}
