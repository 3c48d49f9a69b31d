/** What is not the same on both sides. */
export interface Difference {
  stream: string;
  revision: number;
  what: 'missing' | 'not-in-the-source' | 'id' | 'type' | 'data' | 'metadata' | 'time';
}

/** The target holds something that is not a copy of the source: nothing of it is touched. */
export class MigrateConflict extends Error {
  readonly code = 'migrate-conflict';
  constructor({ stream, revision, what }: Pick<Difference, 'stream' | 'revision'> & { what: string }) {
    super(`the event store holds something else: ${stream} revision ${revision} (${what}); migrate into an empty one`);
    this.name = 'MigrateConflict';
  }
}

/** What goes on, and through how many events of the source (or of the target, while it is compared) it has come. */
export type OnProgress = (phase: 'compare' | 'copy' | 'verify', events: number) => void;
