import { SpanKind, type Tracer } from '@opentelemetry/api';
import type { GroupMember, TopicGroup, TopicWriter } from '../../events/backplane.ts';
import type { Batch, EventStore } from '../../events/event-store.ts';
import { categoryOf, chatOf } from '../../events/streams.ts';
import { inBatch, inSpan, startBatch } from './spans.ts';
import type { Followed } from './telemetry.ts';

type Command = (command: { type?: string; chatId?: string }) => unknown;

/** What changes something. What only reads is part of the span of whoever asks. */
const COMMANDS = [
  'chat',
  'moveReceipts',
  'registerUser',
  'renameUser',
  'passwordChanged',
  'setRoles',
  'recordOps',
] as const;

export function traceCommands<C extends object>(tracer: Tracer, commands: C): C {
  const known = commands as Record<string, Command | undefined>;
  const traced: Record<string, Command> = {};
  for (const name of COMMANDS) {
    const run = known[name];
    if (!run) continue;
    traced[name] = (command) => {
      const { chatId } = command;
      const what = name === 'chat' ? (command.type ?? name) : name;
      const attributes = chatId === undefined ? {} : { 'hindsight.chat_id': chatId };
      return inSpan(tracer, { name: `command ${what}`, kind: SpanKind.INTERNAL, attributes }, () => run(command));
    };
  }
  return replacing(commands, traced as Partial<C>);
}

/** The span belongs to the commands whose events these are, not to whoever happened to begin the writing. */
export function traceStore<S extends EventStore>(tracer: Tracer, store: S): S {
  const append: EventStore['append'] = (stream, expected, events) => {
    const chatId = chatOf(stream);
    const attributes = {
      'db.operation.name': 'append',
      'db.operation.batch.size': events.length,
      'hindsight.category': categoryOf(stream), // the names of other streams may name people
      ...(chatId === null ? {} : { 'hindsight.chat_id': chatId }),
    };
    const of = { name: 'append', kind: SpanKind.CLIENT, attributes, events };
    return inBatch(tracer, of, () => store.append(stream, expected, events));
  };
  return replacing(store, { append } as Partial<S>);
}

export function traceWriter(tracer: Tracer, writer: TopicWriter, topic: string): TopicWriter {
  const write: TopicWriter['write'] = (links) => {
    const attributes = { ...messaging(topic, 'send'), 'messaging.batch.message_count': links.length };
    const of = { name: `send ${topic}`, kind: SpanKind.PRODUCER, attributes };
    return inBatch(tracer, { ...of, events: links.map(({ link }) => link.event) }, () => writer.write(links));
  };
  return replacing(writer, { write });
}

export function traceGroup(tracer: Tracer, group: TopicGroup, name: string): TopicGroup {
  const traced = (member: GroupMember): GroupMember => ({
    take: (partition, links) => {
      const attributes = {
        ...messaging(name, 'process'),
        'messaging.destination.partition.id': String(partition),
        'messaging.batch.message_count': links.length,
      };
      const of = { name: `process ${name}`, kind: SpanKind.CONSUMER, attributes };
      return inBatch(tracer, { ...of, events: links.map(({ event }) => event) }, () => member.take(partition, links));
    },
    lost: (partitions) => member.lost(partitions),
  });
  return replacing(group, { run: (member) => group.run(traced(member)) });
}

/** A batch is pushed when its reader comes back for the next. */
export function traceFeed<F extends Followed>(tracer: Tracer, feed: F): F {
  const subscribe = (options: { after: number; signal: AbortSignal }): AsyncIterable<Batch> =>
    pushes(tracer, feed.subscribe(options));
  return replacing(feed, { subscribe } as Partial<F>);
}

async function* pushes(tracer: Tracer, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    const attributes = { 'hindsight.batch.events': batch.events.length };
    const span = startBatch(tracer, batch.events, { name: 'push', kind: SpanKind.CONSUMER, attributes });
    try {
      yield batch;
    } finally {
      span?.end({ value: undefined });
    }
  }
}

const messaging = (destination: string, operation: 'send' | 'process') => ({
  'messaging.destination.name': destination,
  'messaging.operation.type': operation,
});

/** The same object with other members. Its own keep their `this`, whether it is a class's or a literal. */
function replacing<T extends object>(original: T, members: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const own: unknown = Reflect.get(name in members ? members : target, name);
      return typeof own === 'function' && !(name in members) ? own.bind(target) : own;
    },
  });
}
