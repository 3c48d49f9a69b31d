/**
 * The public form of a place in the log: `<epoch>-<position in base 36>`. Opaque to clients, who hand it back
 * unchanged; it carries the epoch, so that a position from before a restore is told apart.
 */
export const encodePosition = (epoch: string, position: number): string => `${epoch}-${position.toString(36)}`;

const PATTERN = /^([0-9A-Za-z]{1,32})-([0-9a-z]{1,11})$/;

/** Null where the text is no position at all; the caller compares the epoch with the log's. */
export function parsePosition(text: string): { epoch: string; position: number } | null {
  const [, epoch, digits] = PATTERN.exec(text) ?? [];
  if (epoch === undefined || digits === undefined) return null;
  const position = Number.parseInt(digits, 36);
  return Number.isSafeInteger(position) ? { epoch, position } : null;
}
