import { START, type StreamPage } from '../../events/event-store.ts';
import { EMPTY, sharedPb, streamIdentifier, streamsPb } from './wire.ts';

export type ReadRequest = InstanceType<typeof streamsPb.ReadReq>;
type Options = InstanceType<typeof streamsPb.ReadReq.Options>;

const FORWARDS = 0;
const BACKWARDS = 1;
/** Checkpoints are not relied on (ADR 10), so they may be rare. */
const CHECKPOINT_INTERVAL = 1_000;

export function streamRequest(stream: string, { from, direction = 'forwards', limit }: StreamPage): ReadRequest {
  const asked = new streamsPb.ReadReq.Options.StreamOptions();
  asked.setStreamIdentifier(streamIdentifier(stream));
  if (from !== undefined) asked.setRevision(String(from));
  else if (direction === 'forwards') asked.setStart(EMPTY);
  else asked.setEnd(EMPTY);
  const options = optionsOf(direction);
  options.setStream(asked);
  options.setCount(String(limit));
  options.setNoFilter(EMPTY);
  return request(options);
}

export interface AllRequest {
  /** The first event to read; backwards the one behind the first. */
  from: number | 'end';
  direction: 'forwards' | 'backwards';
  limit: number;
  /** A regular expression for the names of the streams. */
  streams: string | null;
}

export function allRequest({ from, direction, limit, streams }: AllRequest): ReadRequest {
  const options = optionsOf(direction);
  options.setAll(place(from));
  options.setCount(String(limit));
  setFilter(options, streams);
  return request(options);
}

/** Everything behind `after`. */
export function subscriptionRequest(after: number, streams: string): ReadRequest {
  const options = optionsOf('forwards');
  options.setAll(place(after));
  options.setSubscription(new streamsPb.ReadReq.Options.SubscriptionOptions());
  setFilter(options, streams);
  return request(options);
}

function place(from: number | 'end'): InstanceType<typeof streamsPb.ReadReq.Options.AllOptions> {
  const all = new streamsPb.ReadReq.Options.AllOptions();
  if (from === 'end') all.setEnd(EMPTY);
  else if (from === START) all.setStart(EMPTY);
  else {
    const position = new streamsPb.ReadReq.Options.Position();
    position.setCommitPosition(String(from));
    position.setPreparePosition(String(from));
    all.setPosition(position);
  }
  return all;
}

function setFilter(options: Options, streams: string | null): void {
  if (streams === null) {
    options.setNoFilter(EMPTY);
    return;
  }
  const filter = new streamsPb.ReadReq.Options.FilterOptions();
  const expression = new streamsPb.ReadReq.Options.FilterOptions.Expression();
  expression.setRegex(streams);
  filter.setStreamIdentifier(expression);
  filter.setCount(new sharedPb.Empty());
  filter.setCheckpointintervalmultiplier(CHECKPOINT_INTERVAL);
  options.setFilter(filter);
}

function optionsOf(direction: 'forwards' | 'backwards'): Options {
  const options = new streamsPb.ReadReq.Options();
  options.setReadDirection(direction === 'forwards' ? FORWARDS : BACKWARDS);
  options.setResolveLinks(false);
  const ids = new streamsPb.ReadReq.Options.UUIDOption();
  ids.setString(EMPTY);
  options.setUuidOption(ids);
  return options;
}

function request(options: Options): ReadRequest {
  const made = new streamsPb.ReadReq();
  made.setOptions(options);
  return made;
}
