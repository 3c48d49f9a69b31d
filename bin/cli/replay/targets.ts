import type { ChatEvent } from '../../../events/chat.ts';
import { messageOf } from '../../../events/message-of.ts';
import { httpTarget } from '../../../infra/replay/http-target.ts';
import { ReplayError, type ReplayTarget } from '../../../queries/replay/index.ts';
import { type Io, VerbFailed, WrongUsage } from '../io.ts';
import { loadModule } from '../load-module.ts';
import type { VerbContext } from '../verb.ts';
import { configured } from '../with-log.ts';
import { describeEvent } from './describe.ts';

/** A handler is called once an event; so many calls lie between two checkpoints. */
const HANDLER_BATCH_EVENTS = 100;
const TERMINAL_BATCH_EVENTS = 1_000;

export interface TargetOptions {
  /** `https://…`, `kafka://topic`, a file; null: the terminal. */
  into: string | null;
  batchEvents: number;
  headers: readonly string[];
  json: boolean;
}

export const isFile = (into: string): boolean => !/^(https?|kafka):\/\//.test(into);

export async function openTarget(context: VerbContext, options: TargetOptions): Promise<ReplayTarget> {
  const { into, batchEvents, headers } = options;
  if (into === null) return terminalTarget(context.io, options.json);
  if (isFile(into)) return handlerTarget(into);
  const onRetry = (why: string, waitMs: number): void =>
    context.io.err(`${why}; once more in ${(waitMs / 1_000).toFixed(1)} s`);
  if (into.startsWith('kafka://')) return kafkaTarget(context, into, onRetry);
  return httpTarget({ url: endpointOf(into), headers: headersOf(headers), batchEvents, onRetry });
}

function terminalTarget(io: Io, json: boolean): ReplayTarget {
  return {
    batchEvents: TERMINAL_BATCH_EVENTS,
    async take(events) {
      for (const event of events) io.out(json ? JSON.stringify(event) : describeEvent(event));
      await io.drained();
      return events.length;
    },
    close: async () => undefined,
  };
}

/** What a handler is told beside the event. */
interface HandlerContext {
  /** Aborted once the replay is asked to stop: what takes long may end early, by throwing. */
  readonly signal: AbortSignal;
}
type Handler = (event: ChatEvent, context: HandlerContext) => unknown;

async function handlerTarget(file: string): Promise<ReplayTarget> {
  const { default: handler } = await loadModule(file);
  if (typeof handler !== 'function') {
    throw new WrongUsage(`${file} exports no handler: export default async (event, context) => { … }`);
  }
  return {
    batchEvents: HANDLER_BATCH_EVENTS,
    async take(events, signal) {
      for (const [taken, event] of events.entries()) {
        if (signal.aborted) return taken;
        try {
          await (handler as Handler)(event, { signal });
        } catch (cause) {
          const why = messageOf(cause);
          const where = `event ${event.seq} of chat ${event.chatId}`;
          throw new ReplayError('handler-failed', `the handler failed at ${where}: ${why}`, { cause, taken });
        }
      }
      return events.length;
    },
    close: async () => undefined,
  };
}

function endpointOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new WrongUsage(`${text} is no address`);
  if (url.username !== '' || url.password !== '') {
    throw new WrongUsage('name and password in an address are not sent: give --header "authorization: …"');
  }
  return url;
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new WrongUsage(`--header ${line}: give "name: value"`);
      return [name, value];
    }),
  );
}

/** `kafka://topic` on the brokers of the settings, `kafka://host:9092,host:9092/topic` on others. */
async function kafkaTarget(
  context: VerbContext,
  into: string,
  onRetry: (why: string, waitMs: number) => void,
): Promise<ReplayTarget> {
  const [, brokers, topic] = /^kafka:\/\/(?:([^/]+)\/)?([\w.-]{1,249})$/.exec(into) ?? [];
  if (topic === undefined) throw new WrongUsage(`${into}: give kafka://topic, or kafka://host:9092/topic`);
  const config = configured(context);
  const kafkaBrokers = brokers ?? config.kafkaBrokers;
  if (kafkaBrokers === null) {
    throw new VerbFailed('no-brokers', `no Kafka is configured here: give kafka://host:9092/${topic}`);
  }
  const [{ openKafka }, { topicTarget }] = await Promise.all([
    import('../../cluster/reach-server.ts'), // only here: other replays start faster without it
    import('../../../infra/kafka/replay-target.ts'),
  ]);
  const fault = (what: string): void => context.io.err(`warning: ${what}`);
  const connection = openKafka({ ...config, kafkaBrokers }, 'replay', fault);
  try {
    const target = await topicTarget(connection, { topic, onRetry });
    return {
      ...target,
      async close() {
        await target.close();
        await connection.close();
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
