import type { Overrides } from '../../infra/config.ts';
import type { Io } from './io.ts';

/** What every verb is given: where to print, and the settings that were given as flags. */
export interface VerbContext {
  io: Io;
  /** The flags of the whole program (`--data …`), as the configuration takes them. */
  flags(): Overrides;
  /** Which verb runs, as it is typed: `projections verify`. */
  name(): string;
}
