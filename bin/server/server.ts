import type { Demo } from '../demo/seed.ts';

/** A process that serves, and what of it can be reached. */
export interface Server {
  /** Null where this process has no such role. */
  http: string | null;
  gateway: string | null;
  /** Where probes and metrics are, where they have a port of their own. */
  ops?: string;
  demo: Demo | null;
  /** Answers what is open, closes the edges, flushes, gives back what was held. */
  close(): Promise<void>;
}
