import { status as grpcStatus, type ServerReadableStream, type sendUnaryData } from '@grpc/grpc-js';
import { EMPTY, streamName, streamsPb } from '../wire.ts';
import { callError, type Expected, notLeader } from './answers.ts';
import { addEvent, type Proposal, type Written, write } from './appending.ts';
import { APPEND_MAX_BYTES, type StandInContext } from './context.ts';

type Request = InstanceType<typeof streamsPb.AppendReq>;
type Response = InstanceType<typeof streamsPb.AppendResp>;
type Options = InstanceType<typeof streamsPb.AppendReq.Options>;

/** The older way: one call per append. Clients take it where credentials come with the call. */
export function append(
  context: StandInContext,
  call: ServerReadableStream<Request, Response>,
  done: sendUnaryData<Response>,
): void {
  let proposal: Proposal | null = null;
  call.on('data', (request: Request) => {
    const options = request.getOptions();
    const message = request.getProposedMessage();
    if (options) {
      proposal = {
        stream: streamName(options.getStreamIdentifier()),
        expected: expectedOf(options),
        events: [],
        bytes: 0,
      };
    } else if (proposal && message) addEvent(proposal, message);
  });
  call.on('end', () => {
    if (proposal) answer(context, proposal, done).catch((error: unknown) => done(error as Error));
    else done(callError(grpcStatus.INVALID_ARGUMENT, 'an append begins with its options'));
  });
}

async function answer(context: StandInContext, proposal: Proposal, done: sendUnaryData<Response>): Promise<void> {
  const { faults, store } = context;
  const { stream, events } = proposal;
  const fate = (await faults.append?.({ stream, events: events.length, by: 'single' })) ?? 'fine';
  if (fate === 'swallow') return;
  if (fate === 'busy') return done(callError(grpcStatus.UNAVAILABLE, 'Server Is Too Busy'));
  if (fate === 'denied') return done(denied());
  if (fate === 'not-leader') return done(notLeader(faults.leader ?? context.self));
  if (fate === 'cut-before') return done(callError(grpcStatus.UNAVAILABLE, 'the call was cut on demand'));
  const written = await write(store, proposal);
  if (fate === 'mute') return;
  if (fate === 'cut-after' || fate === 'end-after')
    return done(callError(grpcStatus.UNAVAILABLE, 'the call was cut on demand'));
  await faults.answer?.({ stream: proposal.stream });
  if (fate === 'timeout') return done(callError(grpcStatus.ABORTED, 'Operation timed out: on demand'));
  respond(written, { proposal, stride: context.stride, done });
}

const denied = (): ReturnType<typeof callError> =>
  callError(grpcStatus.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

interface Asked {
  proposal: Proposal;
  stride: number;
  done: sendUnaryData<Response>;
}

function respond(written: Written, { proposal, stride, done }: Asked): void {
  const response = new streamsPb.AppendResp();
  switch (written.status) {
    case 'written': {
      const success = new streamsPb.AppendResp.Success();
      success.setCurrentRevision(String(written.revision));
      const position = new streamsPb.AppendResp.Position();
      position.setCommitPosition(String(written.position * stride));
      position.setPreparePosition(String(written.position * stride));
      success.setPosition(position);
      response.setSuccess(success);
      return done(null, response);
    }
    case 'wrong-version':
      response.setWrongExpectedVersion(wrongVersion(written.current, proposal.expected));
      return done(null, response);
    case 'too-large':
      return done(
        callError(grpcStatus.INVALID_ARGUMENT, `Maximum Append Size of ${APPEND_MAX_BYTES} Exceeded.`, {
          exception: 'maximum-append-size-exceeded',
          'maximum-append-size': String(APPEND_MAX_BYTES),
        }),
      );
    case 'denied':
      return done(denied());
    case 'busy':
      return done(callError(grpcStatus.UNAVAILABLE, 'Server Is Too Busy'));
    case 'unknown':
      return done(callError(grpcStatus.UNKNOWN, written.message));
  }
}

function wrongVersion(
  current: number,
  expected: Expected,
): InstanceType<typeof streamsPb.AppendResp.WrongExpectedVersion> {
  const wrong = new streamsPb.AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(EMPTY);
  else wrong.setCurrentRevision(String(current));
  if (expected === 'no_stream') wrong.setExpectedNoStream(EMPTY);
  else if (expected === 'any') wrong.setExpectedAny(EMPTY);
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(EMPTY);
  else wrong.setExpectedRevision(String(expected));
  return wrong;
}

function expectedOf(options: Options): Expected {
  if (options.hasRevision()) return Number(options.getRevision());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}
