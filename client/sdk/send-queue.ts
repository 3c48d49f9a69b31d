import type { NewMessage } from './api.ts';
import { backoffMs, type Clock, RETRY } from './clock.ts';
import { Emitter } from './emitter.ts';
import { HindsightError, isTemporary } from './error.ts';
import type { Reply } from './model.ts';

export interface QueuedMessage extends NewMessage {
  readonly chatId: string;
  /** Made once: however often it is sent, it is one message. */
  readonly messageId: string;
  /** RFC 3339, by this client's clock: when it was written. */
  readonly writtenAt: string;
}

/** Where messages wait that were written while there was no connection. */
export interface QueueStore {
  load(): Promise<QueuedMessage[]>;
  save(messages: readonly QueuedMessage[]): Promise<void>;
}

interface QueueEvents {
  queued: QueuedMessage;
  sent: { message: QueuedMessage; reply: Reply };
  /** The server refused it; it is out of the queue. */
  rejected: { message: QueuedMessage; error: HindsightError };
  /** The injected store could not keep the queue; the messages in memory are sent all the same. */
  storeFailed: unknown;
}

interface Lane {
  waiting: QueuedMessage[];
  busy: boolean;
  attempt: number;
  cancel: () => void;
}

interface Answer {
  readonly reply: Promise<Reply>;
  resolve(reply: Reply): void;
  reject(error: HindsightError): void;
}

export interface SendQueueOptions {
  send(message: QueuedMessage): Promise<Reply>;
  clock: Clock;
  newId: () => string;
  store?: QueueStore | undefined;
}

/** Sends each chat's messages in the order written, each until it is answered, with the same id every time. */
export class SendQueue {
  readonly events = new Emitter<QueueEvents>();
  readonly #options: SendQueueOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #answers = new Map<string, Answer>();
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier run of the program left unsent. */
  async restore(): Promise<void> {
    for (const message of (await this.#options.store?.load()) ?? []) void this.#add(message);
  }

  /** The messages that wait for their answer, in order. */
  pending(chatId: string): readonly QueuedMessage[] {
    return this.#lanes.get(chatId)?.waiting ?? [];
  }

  /** Resolves with the server's answer, however many connections that takes; rejects when the server refuses it. */
  send(chatId: string, message: NewMessage & { messageId?: string }): { messageId: string; reply: Promise<Reply> } {
    const { clock, newId } = this.#options;
    const queued: QueuedMessage = {
      messageId: newId(),
      ...message,
      chatId,
      writtenAt: new Date(clock.now()).toISOString(),
    };
    const reply = this.#add(queued);
    this.#save();
    return { messageId: queued.messageId, reply };
  }

  /** The answer that a message here waits for; undefined where it has one, or was never here. */
  answerTo(messageId: string): Promise<Reply> | undefined {
    return this.#answers.get(messageId)?.reply;
  }

  /** There is a connection again: do not wait for the back-off. */
  kick(): void {
    for (const [chatId, lane] of this.#lanes) {
      lane.cancel();
      lane.attempt = 0;
      void this.#drain(chatId, lane);
    }
  }

  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.cancel();
    for (const { reject } of this.#answers.values()) reject(new HindsightError('closed', 'this client was closed'));
    this.#answers.clear();
  }

  #add(message: QueuedMessage): Promise<Reply> {
    const answer = newAnswer();
    this.#answers.set(message.messageId, answer);
    const lane = this.#lanes.get(message.chatId) ?? { waiting: [], busy: false, attempt: 0, cancel: () => undefined };
    this.#lanes.set(message.chatId, lane);
    lane.waiting = [...lane.waiting, message];
    this.events.emit('queued', message);
    void this.#drain(message.chatId, lane);
    return answer.reply;
  }

  async #drain(chatId: string, lane: Lane): Promise<void> {
    if (lane.busy) return;
    lane.busy = true;
    for (let message = lane.waiting[0]; message && !this.#closed; message = lane.waiting[0]) {
      if (!(await this.#attempt(message, lane))) break;
    }
    lane.busy = false;
    if (lane.waiting.length === 0) this.#lanes.delete(chatId);
  }

  /** True when the message is settled, one way or the other. */
  async #attempt(message: QueuedMessage, lane: Lane): Promise<boolean> {
    try {
      const reply = await this.#options.send(message);
      this.#settled(lane);
      this.events.emit('sent', { message, reply });
      this.#take(message.messageId)?.resolve(reply);
      return true;
    } catch (cause) {
      if (this.#closed) return false;
      if (isTemporary(cause)) return this.#later(message.chatId, lane, cause);
      const error = cause instanceof HindsightError ? cause : new HindsightError('internal', String(cause), { cause });
      this.#settled(lane);
      this.events.emit('rejected', { message, error });
      this.#take(message.messageId)?.reject(error);
      return true;
    }
  }

  #later(chatId: string, lane: Lane, error: HindsightError): boolean {
    const { clock } = this.#options;
    const waitMs = error.retryAfterMs ?? backoffMs(clock, ++lane.attempt, RETRY);
    lane.cancel = clock.after(waitMs, () => void this.#drain(chatId, lane));
    return false;
  }

  #settled(lane: Lane): void {
    lane.waiting = lane.waiting.slice(1);
    lane.attempt = 0;
    this.#save();
  }

  #take(messageId: string): Answer | undefined {
    const answer = this.#answers.get(messageId);
    this.#answers.delete(messageId);
    return answer;
  }

  /** One write at a time, each of the queue as it then stands. */
  #save(): void {
    const { store } = this.#options;
    if (!store) return;
    const save = (): Promise<void> => store.save([...this.#lanes.values()].flatMap(({ waiting }) => waiting));
    this.#saving = this.#saving.then(save).catch((error: unknown) => this.events.emit('storeFailed', error));
  }
}

function newAnswer(): Answer {
  let settle!: Pick<Answer, 'resolve' | 'reject'>;
  const reply = new Promise<Reply>((resolve, reject) => {
    settle = { resolve, reject };
  });
  reply.catch(() => undefined); // `rejected` tells it too: nobody has to listen to both
  return { reply, ...settle };
}
