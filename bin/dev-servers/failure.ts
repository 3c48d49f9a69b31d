/** What went wrong with a server for development, fit to be shown to whoever asked for it. */
export class DevServerError extends Error {
  readonly code: string;
  /** Whether the same may work later without anything being changed. */
  readonly temporary: boolean;
  constructor(
    code: string,
    message: string,
    { temporary = false, cause }: { temporary?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'DevServerError';
    this.code = code;
    this.temporary = temporary;
  }
}
