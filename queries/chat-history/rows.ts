import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { seesSeq } from '../visibility/index.ts';
import type { MessageFacts } from './view.ts';

export interface RowPage {
  readonly through: number;
  readonly limit: number;
  readonly before?: number;
  readonly after?: number;
}

/**
 * The messages of a page that a viewer sees, oldest first. One read, but for those who went and came back: stretches
 * that they were away for are jumped over.
 */
export function visibleRows(deps: QueryDeps, viewer: Viewer, page: RowPage): Promise<MessageFacts[]> {
  return page.after === undefined
    ? rowsBefore(deps, viewer, page)
    : rowsAfter(deps, viewer, { ...page, after: page.after });
}

async function rowsBefore(deps: QueryDeps, viewer: Viewer, page: RowPage): Promise<MessageFacts[]> {
  const { through, limit } = page;
  let found: MessageFacts[] = [];
  let before = visibleEnd(viewer, Math.min(page.before ?? through + 1, through + 1));
  while (before > viewer.sight.visibleFrom) {
    const rows = await deps.chatHistory.page(viewer.chatId, { through, limit, before });
    found = [...rows.filter(({ sent }) => seesSeq(viewer.sight, sent.seq)), ...found];
    if (rows.length < limit || found.length >= limit) break;
    before = visibleEnd(viewer, rows[0]?.sent.seq ?? 0);
  }
  return found.slice(-limit);
}

async function rowsAfter(deps: QueryDeps, viewer: Viewer, page: RowPage & { after: number }): Promise<MessageFacts[]> {
  const { through, limit } = page;
  const found: MessageFacts[] = [];
  let after = visibleStart(viewer, page.after);
  while (after < through) {
    const rows = await deps.chatHistory.page(viewer.chatId, { through, limit, after });
    found.push(...rows.filter(({ sent }) => seesSeq(viewer.sight, sent.seq)));
    if (rows.length < limit || found.length >= limit) break;
    after = visibleStart(viewer, rows.at(-1)?.sent.seq ?? through);
  }
  return found.slice(0, limit);
}

/** The greatest seq ≤ `before` with nothing visible between the two, exclusive. */
function visibleEnd(viewer: Viewer, before: number): number {
  const span = viewer.sight.spans.findLast(({ from }) => from < before);
  if (span === undefined) return 0;
  return span.to === null ? before : Math.min(before, span.to + 1);
}

/** The least seq ≥ `after` with nothing visible between the two, exclusive. */
function visibleStart(viewer: Viewer, after: number): number {
  const span = viewer.sight.spans.find(({ to }) => to === null || to > after);
  return span === undefined ? Number.MAX_SAFE_INTEGER : Math.max(after, span.from - 1);
}
