import type { Config } from '../../infra/config.ts';

export interface ServerOptions {
  config: Config;
  warn(message: string): void;
  say(message: string): void;
  /** Something broke that this process cannot go on after. */
  onFatal(error: Error): void;
}

/** What the parts of a server are opened with. */
export interface Composition extends ServerOptions {
  /** What is opened later is closed earlier. */
  onClose(end: () => unknown): void;
  close(): Promise<void>;
}

/** Opens a server's parts; what a failure leaves half open is closed again. */
export async function composed<T>(options: ServerOptions, open: (on: Composition) => Promise<T>): Promise<T> {
  const closing: (() => unknown)[] = [];
  const close = (): Promise<void> => closeAll(closing);
  try {
    return await open({ ...options, onClose: (end) => void closing.push(end), close });
  } catch (error) {
    await close();
    throw error;
  }
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
