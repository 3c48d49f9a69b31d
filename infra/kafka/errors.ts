/** What an operator or a caller can tell apart. `temporary`: the same may succeed later. */
export type KafkaErrorCode =
  | 'unavailable'
  | 'closed'
  | 'refused'
  | 'topic-mismatch'
  /** The consumer came to a standstill while its broker answers. */
  | 'stalled'
  /** A handler took longer than it may. */
  | 'take-hangs';

export class KafkaError extends Error {
  readonly code: KafkaErrorCode;
  readonly temporary: boolean;
  constructor(code: KafkaErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'KafkaError';
    this.code = code;
    this.temporary = code === 'unavailable';
  }
}

/** Nothing of this goes away by trying again: rights, sizes, names, versions. */
const PERMANENT = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'INVALID_RECORD',
  'INVALID_REQUIRED_ACKS',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'POLICY_VIOLATION',
  'RECORD_LIST_TOO_LARGE',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'KafkaJSSASLAuthenticationError',
  'KafkaJSUnsupportedMagicByteInMessageSet',
]);

/** What kafkajs threw, as what its callers can decide on. Its own `retriable` speaks of the next attempt, not of later ones. */
export function kafkaErrorOf(error: unknown, what: string): KafkaError {
  if (error instanceof KafkaError) return error;
  const cause = rootOf(error);
  const permanent = PERMANENT.has(cause.type ?? '') || PERMANENT.has(cause.name);
  return new KafkaError(
    permanent ? 'refused' : 'unavailable',
    `${what}: ${cause.type ?? cause.name}: ${cause.message}`,
    {
      cause: error,
    },
  );
}

/** kafkajs wraps what it gave up on; `type` is the broker's own name of an error. */
export function rootOf(error: unknown): { name: string; message: string; type?: string } {
  let root = error instanceof Error ? error : new Error(String(error));
  while (root.cause instanceof Error) root = root.cause;
  return root;
}
