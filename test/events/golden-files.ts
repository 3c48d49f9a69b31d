import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedEvent } from '../../events/event-store.ts';

/** An event as it lies in the log, and, of a chat, as the world sees it. Written once, never changed. */
export interface GoldenCase {
  readonly what: string;
  readonly stored: Omit<RecordedEvent, 'type' | 'data' | 'metadata'> & { data: unknown; metadata: unknown };
  readonly public?: unknown;
}

export interface GoldenFile {
  /** `<category>/<Type>.v<version>`. */
  readonly name: string;
  readonly category: string;
  readonly type: string;
  readonly v: number;
  readonly cases: readonly GoldenCase[];
}

const FOLDER = join(import.meta.dirname, 'golden');
const NAME = /^(\w+)\.v(\d+)\.json$/;

export const GOLDEN_EPOCH = 'e7';

export const goldenFiles: readonly GoldenFile[] = readdirSync(FOLDER).flatMap((category) =>
  readdirSync(join(FOLDER, category)).map((file) => {
    const [, type, v] = NAME.exec(file) ?? [];
    if (type === undefined) throw new Error(`${category}/${file} is not named <Type>.v<version>.json`);
    const cases = JSON.parse(readFileSync(join(FOLDER, category, file), 'utf8')) as GoldenCase[];
    return { name: `${category}/${type}.v${v}`, category, type, v: Number(v), cases };
  }),
);

/** Every case with the event that its file stands for. */
export const goldenCases = goldenFiles.flatMap((file) =>
  file.cases.map((each) => ({ ...each, file, title: `${file.name}: ${each.what}`, event: recorded(file.type, each) })),
);

function recorded(type: string, { stored }: GoldenCase): RecordedEvent {
  return { ...stored, type, data: JSON.stringify(stored.data), metadata: JSON.stringify(stored.metadata) };
}

/** The event of the first golden case of a type; `change` alters what lies in the log. */
export function goldenEvent(
  name: string,
  change: { data?: object; metadata?: object; type?: string } = {},
): RecordedEvent {
  const found = goldenCases.find(({ file }) => file.name === name);
  if (!found) throw new Error(`there is no golden file ${name}`);
  const { data, metadata } = found.stored as { data: object; metadata: object };
  return {
    ...found.event,
    type: change.type ?? found.event.type,
    data: JSON.stringify({ ...data, ...change.data }),
    metadata: JSON.stringify({ ...metadata, ...change.metadata }),
  };
}
