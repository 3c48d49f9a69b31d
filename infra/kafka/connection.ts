import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import kafkajs, { type Admin, type ISocketFactory, type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { withDeadline } from '../system/deadline.ts';
import { KafkaError, kafkaErrorOf } from './errors.ts';
import './idle-queues.ts';

/** The part of pino that is used here. No key or value of a record is ever logged. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface KafkaOptions {
  brokers: readonly string[];
  clientId: string;
  ssl?: KafkaConfig['ssl'];
  sasl?: SASLOptions | null;
  logger: KafkaLogger;
  /** How sockets are opened: tests put a proxy in between. */
  socketFactory?: ISocketFactory;
}

/** How a process speaks to its brokers. Opens nothing by itself: each producer and consumer has connections of its own. */
export interface KafkaConnection {
  readonly kafka: Kafka;
  readonly logger: KafkaLogger;
  /** One client for questions, opened when first needed, and another after a failure that may pass. Throws `KafkaError`. */
  ask<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T>;
  /** Ends what is left of it; every producer and consumer has been closed before. */
  close(): Promise<void>;
}

const KEEP_ALIVE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** No answer for so long: the connection is given up. Fetches that wait and joins have more of their own. */
export const REQUEST_TIMEOUT_MS = 5_000;
const ASK_DEADLINE_MS = 8_000;
export const DISCONNECT_DEADLINE_MS = 3_000;
/** What kafkajs tries by itself before it says so. Callers have their own back-off. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 };

export function connectKafka(options: KafkaOptions): KafkaConnection {
  const { logger } = options;
  const sockets = keepSockets(options.socketFactory ?? openSocket);
  const kafka = new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: logTo(logger),
    ...(options.ssl ? { ssl: options.ssl } : {}),
    ...(options.sasl ? { sasl: options.sasl } : {}),
    socketFactory: sockets.open,
  });
  let asking: Asked | null = null;

  async function ask<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = (asking ??= { admin: connected(kafka.admin({ retry: { ...RETRY, retries: 1 } })), open: 0 });
    mine.open += 1;
    try {
      const answer = mine.admin.then(question);
      return await withDeadline(answer, ASK_DEADLINE_MS, () => new KafkaError('unavailable', 'no answer in time'));
    } catch (error) {
      const failure = kafkaErrorOf(error, what);
      // A refusal came over a sound connection. What may pass is asked by another, which knows nothing that is out of date.
      if (failure.temporary && asking === mine) asking = null;
      throw failure;
    } finally {
      mine.open -= 1;
      if (asking !== mine && mine.open === 0) void leave(disconnected(mine), logger);
    }
  }

  return {
    kafka,
    logger,
    ask,
    async close() {
      const last = asking;
      asking = null;
      if (last) await leave(disconnected(last), logger);
      sockets.destroyAll();
    },
  };
}

/** What was left without a goodbye stays open in kafkajs, and would keep the process alive that has long stopped. */
function keepSockets(open: ISocketFactory): { open: ISocketFactory; destroyAll(): void } {
  const sockets = new Set<Socket>();
  return {
    open(args) {
      const socket = open(args);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** As kafkajs does it where it is told nothing. */
const openSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl
    ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
    : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
};

/** Parting from a broker: kafkajs may wait for ever for one that is gone, and there is nothing to be done about it. */
export async function leave(disconnecting: Promise<unknown>, logger: KafkaLogger): Promise<void> {
  try {
    await withDeadline(disconnecting, DISCONNECT_DEADLINE_MS, () => new Error('not disconnected in time'));
  } catch (error) {
    logger.debug({ error: String(error) }, 'kafka: left without a goodbye');
  }
}

/** The one client for questions, and how many wait for their answers: it is not taken from under them. */
interface Asked {
  readonly admin: Promise<Admin>;
  open: number;
}

const disconnected = ({ admin }: Asked): Promise<void> => admin.then((it) => it.disconnect());

async function connected(admin: Admin): Promise<Admin> {
  await admin.connect();
  return admin;
}

/** What kafkajs calls an error it tries again: whether it matters is said by whoever gives up. */
const textOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.message : typeof error === 'string' ? error : undefined;

const logTo =
  (logger: KafkaLogger): NonNullable<KafkaConfig['logCreator']> =>
  () =>
  ({ namespace, label, log }) => {
    const { message, error, groupId, broker } = log as { message: string } & Record<string, unknown>;
    logger.debug({ namespace, level: label, error: textOf(error), groupId, broker }, `kafkajs: ${message}`);
  };
