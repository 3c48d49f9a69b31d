import type { Config } from '../../infra/config.ts';
import { closeAll } from '../close-all.ts';

export interface ServerOptions {
  config: Config;
  warn(message: string): void;
  say(message: string): void;
  /** Something broke that this process cannot go on after. */
  onFatal(error: Error): void;
  /** Aborted where the server is to stop before it is up. */
  stop?: AbortSignal;
}

/** What the parts of a server are opened with. */
export interface Composition extends ServerOptions {
  /** What is opened later is closed earlier. */
  onClose(end: () => unknown): void;
  close(): Promise<void>;
}

/** It was told to stop before it was up: what was open by then is closed. */
export class StoppedStarting extends Error {
  constructor() {
    super('stopped before the server was up');
    this.name = 'StoppedStarting';
  }
}

/**
 * Opens a server's parts; what a failure leaves half open is closed again. Rejects with `StoppedStarting` once `stop` is
 * aborted, whatever is waited for: what comes to be open after that is closed at once.
 */
export async function composed<T>(options: ServerOptions, open: (on: Composition) => Promise<T>): Promise<T> {
  const { stop, warn } = options;
  const closing: (() => unknown)[] = [];
  let over = false;
  const close = (): Promise<void> => closeAll(closing);
  const onClose = (end: () => unknown): void => {
    if (!over) closing.push(end);
    else void closeAll([end]).catch((error: unknown) => warn(String(error)));
  };
  try {
    return await Promise.race([open({ ...options, onClose, close }), stopping(stop)]);
  } catch (error) {
    over = true;
    await close().catch((failure: unknown) => warn(String(failure))); // it would hide why nothing came up
    throw error;
  }
}

function stopping(stop: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const over = (): void => reject(new StoppedStarting());
    if (stop?.aborted) over();
    else stop?.addEventListener('abort', over, { once: true });
  });
}
