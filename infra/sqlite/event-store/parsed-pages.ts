import type { AllPage, ParsedEvent } from '../../../events/event-store.ts';
import type { Database } from '../database.ts';

type Page = [
  positions: string | null,
  streams: string,
  revisions: string,
  types: string,
  data: string,
  metadata: string,
];

/**
 * Pages of the log, each as one JSON text per column: to cross into this language and to be parsed, a few long texts
 * cost half of what many short ones do. Null where a text in the page is not JSON by itself.
 */
export function createParsedPages(
  database: Database,
  nameOf: (stream: number) => string,
): (page: AllPage) => ParsedEvent[] | null {
  // Between two texts stands where the page begins: a text that is several, or a part of one, is found out.
  const list = (column: string) => `group_concat(${column}, ',' || ?1 || ',')`;
  const select = database.prepare<Page>(
    `SELECT group_concat(position), group_concat(stream), group_concat(revision), json_group_array(type),
        ${list('data')}, ${list('metadata')} FROM
      (SELECT * FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3)`,
    { arrays: true },
  );
  return ({ after, until = Number.MAX_SAFE_INTEGER, limit }) => {
    const page = select.get(after, until, limit);
    if (!page || page[0] === null) return [];
    const positions = JSON.parse(`[${page[0]}]`) as number[];
    const streams = JSON.parse(`[${page[1]}]`) as number[];
    const revisions = JSON.parse(`[${page[2]}]`) as number[];
    const types = JSON.parse(page[3]) as string[];
    const data = parseList(page[4], { length: positions.length, separator: after });
    const metadata = parseList(page[5], { length: positions.length, separator: after });
    if (!data || !metadata) return null;
    return positions.map((position, index) => ({
      stream: nameOf(streams[index] as number),
      revision: revisions[index] as number,
      type: types[index] as string,
      position,
      data: data[2 * index],
      metadata: metadata[2 * index],
    }));
  };
}

/** The values at even places, separators at odd ones. */
function parseList(text: string, of: { length: number; separator: number }): unknown[] | null {
  let list: unknown[];
  try {
    list = JSON.parse(`[${text}]`) as unknown[];
  } catch {
    return null; // whoever reads the events one by one finds which it is
  }
  if (list.length !== 2 * of.length - 1) return null;
  for (let place = 1; place < list.length; place += 2) if (list[place] !== of.separator) return null;
  return list;
}
