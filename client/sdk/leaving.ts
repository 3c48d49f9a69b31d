import type { Clock } from './clock.ts';
import { HindsightError } from './error.ts';
import type { OpenRequests } from './requests.ts';
import type { SocketLike } from './socket-like.ts';

/** After a move the connection before is kept so long for what was asked on it. */
const FAREWELL_MS = 10_000;

/** Connections from before a move, which still owe answers. */
export class Leaving {
  readonly #wires = new Set<SocketLike>();
  readonly #requests: OpenRequests;
  readonly #clock: Clock;

  constructor(requests: OpenRequests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  has(wire: SocketLike): boolean {
    return this.#wires.has(wire);
  }

  add(wire: SocketLike): void {
    this.#wires.add(wire);
    this.#clock.after(FAREWELL_MS, () => this.end(wire));
  }

  /** Something was answered where the client is now: whoever owes nothing may go. */
  settle(): void {
    for (const wire of this.#wires) if (!this.#requests.waitOn(wire)) this.end(wire);
  }

  end(wire: SocketLike): void {
    if (!this.#wires.delete(wire)) return;
    this.#requests.reject(new HindsightError('disconnected', 'moved to another gateway'), wire);
    wire.close(1000);
  }

  endAll(): void {
    for (const wire of this.#wires) this.end(wire);
  }
}
