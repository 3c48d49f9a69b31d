import type { Config } from '../../infra/config.ts';

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
    if (!(error instanceof StoppedStarting)) await close();
    else await close().catch((failure: unknown) => warn(String(failure))); // of what was not up yet
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

/** The last first. One that fails must not keep the others from flushing, so what went wrong is said at the end. */
async function closeAll(closing: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = closing.pop(); end; end = closing.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `stopping: ${failures.map(String).join('; ')}`);
}
