import { parsePosition } from '../../../events/position.ts';
import { parseTime } from '../chat-at.ts';

/** Up to where a backup is restored: a position of its epoch, or a time at which things were recorded. */
export type RestorePoint = { epoch: string; position: number } | { time: number };

/** `2026-02-03T10:00Z` begins as a position might, so times come first by their colon or their `Z`. */
export function parseRestorePoint(text: string): RestorePoint {
  const position = text.endsWith('Z') ? null : parsePosition(text);
  return position ?? { time: parseTime(text) };
}
