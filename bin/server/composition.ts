import type { Config } from '../../infra/config.ts';
import type { DataFolder } from '../data-folder.ts';

export interface ServerOptions {
  config: Config;
  warn(message: string): void;
  say(message: string): void;
  /** Something broke that this process cannot go on after. */
  onFatal(error: Error): void;
}

/** What the parts of a server are opened with. */
export interface Composition extends ServerOptions {
  folder: DataFolder;
  /** What is opened later is closed earlier. */
  onClose(end: () => unknown): void;
  close(): Promise<void>;
}
