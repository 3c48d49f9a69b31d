import type { RecordedEvent } from '../../../events/event-store.ts';
import type { streamsPb } from '../wire.ts';

type Options = InstanceType<typeof streamsPb.ReadReq.Options>;

export type Filter = (event: Pick<RecordedEvent, 'stream' | 'type'>) => boolean;

/** By the stream's name or the event's type, by prefix or by regular expression. */
export function filterOf(options: Options): Filter {
  const filter = options.getFilter();
  if (!filter) return () => true;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  if (!expression) return () => true;
  const subject = byStream
    ? (event: Parameters<Filter>[0]) => event.stream
    : (event: Parameters<Filter>[0]) => event.type;
  const regex = expression.getRegex();
  if (regex !== '') {
    const pattern = new RegExp(regex, 'u');
    return (event) => pattern.test(subject(event));
  }
  const prefixes = expression.getPrefixList();
  return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix));
}
