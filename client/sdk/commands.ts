import { backoffMs, type Clock, pause, RETRY } from './clock.ts';
import { HindsightError, isTemporary } from './error.ts';
import type { Reply } from './model.ts';
import type { QueuedMessage } from './send-queue.ts';
import type { Socket } from './socket.ts';

/** After so long a command that could not be answered is given up; its outcome is then unknown. */
const GIVE_UP_MS = 30_000;

/** The commands that change a chat, over the socket. Each has one id for all its attempts. */
export class ChatCommands {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor({ socket, clock, newId }: { socket: Socket; clock: Clock; newId: () => string }) {
    this.#socket = socket;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** One attempt: the queue tries again. */
  sendOnce(queued: QueuedMessage): Promise<Reply> {
    const { writtenAt: _, ...message } = queued;
    return this.#socket.request<Reply>('send', message);
  }
  edit(chatId: string, messageId: string, text: string): Promise<Reply> {
    return this.#run('edit', { chatId, messageId, text });
  }
  delete(chatId: string, messageId: string): Promise<Reply> {
    return this.#run('delete', { chatId, messageId });
  }
  react(chatId: string, messageId: string, emoji: string): Promise<Reply> {
    return this.#run('react', { chatId, messageId, emoji });
  }
  unreact(chatId: string, messageId: string, emoji: string): Promise<Reply> {
    return this.#run('unreact', { chatId, messageId, emoji });
  }
  /** Everything up to that seq is read. */
  read(chatId: string, seq: number): Promise<void> {
    return this.#socket.request('read', { chatId, seq });
  }
  delivered(chatId: string, seq: number): Promise<void> {
    return this.#socket.request('delivered', { chatId, seq });
  }

  async #run(op: string, fields: object): Promise<Reply> {
    const command = { ...fields, commandId: this.#newId() };
    const until = this.#clock.now() + GIVE_UP_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#socket.request<Reply>(op, command);
      } catch (error) {
        if (!isTemporary(error) || this.#clock.now() >= until) throw error;
        if (this.#socket.state === 'stopped')
          throw new HindsightError('closed', 'the connection is closed', { cause: error });
        await pause(this.#clock, error.retryAfterMs ?? backoffMs(this.#clock, attempt, RETRY));
      }
    }
  }
}
