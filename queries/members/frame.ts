import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { frameSeq } from '../visibility/index.ts';

/** Title and number of members as a viewer knows them as of a seq. */
export function frameOf(
  deps: QueryDeps,
  viewer: Viewer,
  seq: number,
): Promise<{ title: string | null; memberCount: number }> {
  const through = frameSeq(viewer.sight, seq);
  if (through === 0) return Promise.resolve({ title: null, memberCount: 0 });
  return deps.members.frameAsOf(viewer.chatId, through);
}
