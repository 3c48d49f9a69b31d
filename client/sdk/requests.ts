import type { Clock } from './clock.ts';
import { HindsightError, toCode } from './error.ts';
import type { Push } from './model.ts';
import type { SocketLike } from './socket-like.ts';

type Answer =
  | { id: number; ok: true }
  | { id: number; ok: false; error: { code: string; message: string; retryable: boolean } };
export type Frame = Push | Answer;

interface Open {
  readonly wire: SocketLike;
  resolve(value: unknown): void;
  reject(error: HindsightError): void;
  cancel(): void;
}

/** What was asked and not answered yet, on whichever connection. */
export class OpenRequests {
  readonly #clock: Clock;
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask<T>(wire: SocketLike, { op, fields, timeoutMs }: { op: string; fields: object; timeoutMs: number }): Promise<T> {
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        this.#open.delete(id);
        reject(new HindsightError('timeout', `${op}: no answer within ${timeoutMs} ms`));
      });
      this.#open.set(id, { wire, resolve: resolve as (value: unknown) => void, reject, cancel });
      wire.send(JSON.stringify({ id, op, ...fields }));
    });
  }

  answered(answer: Answer): void {
    const open = this.#open.get(answer.id);
    if (!open) return; // after its deadline
    this.#open.delete(answer.id);
    open.cancel();
    if (answer.ok) return open.resolve(answer);
    const { code, message, retryable } = answer.error;
    open.reject(new HindsightError(toCode(code, retryable), message, { retryable }));
  }

  /** Those on one connection, or all. */
  reject(error: HindsightError, on?: SocketLike): void {
    for (const [id, { wire, cancel, reject }] of this.#open) {
      if (on && wire !== on) continue;
      this.#open.delete(id);
      cancel();
      reject(error);
    }
  }

  waitOn(wire: SocketLike): boolean {
    for (const open of this.#open.values()) if (open.wire === wire) return true;
    return false;
  }
}

export function parseFrame(data: string): Frame | null {
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === 'object' && frame !== null ? (frame as Frame) : null;
  } catch {
    return null; // whatever speaks there is no gateway
  }
}
