import { decodeMetadata, isKnownType, MalformedEvent, rfc3339, versionOf, whyMalformed } from '../../events/codec.ts';
import { type EventLog, type LogPosition, type RecordedEvent } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import { pagesOfLog } from '../../events/pages.ts';
import { encodePosition } from '../../events/position.ts';
import { categoryOf } from '../../events/streams.ts';
import { UPCASTERS, type Upcaster, type UpcasterTable } from '../../events/upcasters.ts';

/** What a developer tries on a log before it is part of the program. */
export interface Trial {
  /** Instead of, or beside, the program's own. */
  readonly upcasters: UpcasterTable;
  /** Why the data of a type, as the last upcaster left it, will not do; null where it will. */
  readonly check?: (type: string, data: unknown) => string | null;
}

export interface DryRunOptions {
  readonly log: EventLog;
  /** Only these types. */
  readonly types?: ReadonlySet<string>;
  readonly trial?: Trial;
  /** Of each type and version so many are shown before and after. */
  readonly examples: number;
  readonly onProgress?: (position: LogPosition, head: LogPosition) => void;
}

/** Where an event lies. `position` is in its public form. */
export interface EventAt {
  position: string;
  stream: string;
  revision: number;
  recordedAt: string;
}
export interface Example extends EventAt {
  before: unknown;
  after: unknown;
}
export interface Undecodable extends EventAt {
  why: string;
}

/** The events of one type in one version. */
export interface UpcastRow {
  category: string;
  type: string;
  v: number;
  /** The version that it is read as. */
  becomes: number;
  events: number;
  /** Events that an upcaster changed. */
  upcast: number;
  /** `no-schema`: of another program, or its data is of a version that has no schema here and is not checked. */
  read: 'known' | 'no-schema' | 'newer';
  undecodable: number;
  examples: Example[];
  /** The first of them, at most `UNDECODABLE_SHOWN_MAX`. */
  undecodableAt: Undecodable[];
}

export interface DryRun {
  events: number;
  rows: UpcastRow[];
  /** Events whose metadata cannot be read: they have no version. */
  malformed: { events: number; first: Undecodable[] };
}

export const UNDECODABLE_SHOWN_MAX = 20;

/** Reads a log as the program does, or would with other upcasters, and writes nothing anywhere. */
export async function dryRunUpcasters(options: DryRunOptions): Promise<DryRun> {
  const { log, types, onProgress = () => undefined } = options;
  const steps = stepsOf(options.trial?.upcasters ?? {});
  const run: Run = { ...options, steps, rows: new Map(), malformed: { events: 0, first: [] } };
  const head = await log.head();
  let events = 0;
  for await (const page of pagesOfLog(log, { until: head })) {
    for (const event of page) {
      if (types && !types.has(event.type)) continue;
      events++;
      readOne(run, event);
    }
    onProgress(page.at(-1)?.position ?? head, head);
  }
  const rows = [...run.rows.values()].toSorted(
    (a, b) => a.category.localeCompare(b.category) || a.type.localeCompare(b.type) || a.v - b.v,
  );
  return { events, rows, malformed: run.malformed };
}

type Steps = (type: string, v: number) => Upcaster | undefined;
const stepsOf =
  (trial: UpcasterTable): Steps =>
  (type, v) =>
    trial[type]?.[v] ?? UPCASTERS[type]?.[v];

interface Run extends DryRunOptions {
  readonly steps: Steps;
  readonly rows: Map<string, UpcastRow>;
  readonly malformed: DryRun['malformed'];
}

function readOne(run: Run, event: RecordedEvent): void {
  const at = (): EventAt => ({
    position: encodePosition(run.log.epoch, event.position),
    stream: event.stream,
    revision: event.revision,
    recordedAt: rfc3339(event.recordedAt),
  });
  let v: number;
  try {
    ({ v } = decodeMetadata(event));
  } catch (error) {
    if (!(error instanceof MalformedEvent)) throw error;
    run.malformed.events++;
    if (run.malformed.first.length < UNDECODABLE_SHOWN_MAX) run.malformed.first.push({ ...at(), why: error.message });
    return;
  }
  const row = rowOf(run, event, v);
  row.events++;
  const result = upcastOne(run, event, row);
  if ('why' in result) {
    row.undecodable++;
    if (row.undecodableAt.length < UNDECODABLE_SHOWN_MAX) row.undecodableAt.push({ ...at(), why: result.why });
  } else if (row.becomes > v) {
    row.upcast++;
    if (row.examples.length < run.examples) row.examples.push({ ...at(), ...result });
  }
}

function rowOf(run: Run, { stream, type }: RecordedEvent, v: number): UpcastRow {
  const category = categoryOf(stream);
  const key = `${category}/${type}/${v}`;
  const there = run.rows.get(key);
  if (there) return there;
  let becomes = v;
  while (run.steps(type, becomes)) becomes++;
  const current = versionOf(type);
  const schema = isKnownType({ stream, type }) && (becomes === current || run.trial?.check !== undefined);
  const read = isKnownType({ stream, type }) && v > current ? 'newer' : schema ? 'known' : 'no-schema';
  const row = { category, type, v, becomes, events: 0, upcast: 0, read, undecodable: 0 } as const;
  const made: UpcastRow = { ...row, examples: [], undecodableAt: [] };
  run.rows.set(key, made);
  return made;
}

type Upcast = { before: unknown; after: unknown } | { why: string };

function upcastOne({ steps, trial }: Run, event: RecordedEvent, { v, becomes }: UpcastRow): Upcast {
  const { stream, type } = event;
  let before: unknown;
  try {
    before = JSON.parse(event.data);
  } catch {
    return { why: 'not JSON' };
  }
  let after = before;
  for (let version = v; version < becomes; version++) {
    try {
      after = steps(type, version)?.(structuredClone(after)); // an upcaster that changes what it is given is found out
      assertData(after);
    } catch (error) {
      return { why: `the upcaster of version ${version} failed: ${messageOf(error)}` };
    }
  }
  try {
    const why =
      becomes === versionOf(type) ? whyMalformed({ stream, type }, after) : (trial?.check?.(type, after) ?? null);
    return why === null ? { before, after } : { why };
  } catch (error) {
    return { why: `its schema failed: ${messageOf(error)}` };
  }
}

/** The data of every event is an object, and can be written as JSON. */
function assertData(data: unknown): void {
  if (data instanceof Promise) throw new Error('it gave a promise: an upcaster may not be async');
  if (!isPlainObject(data)) throw new Error(`it gave no plain object: ${String(data)}`);
  JSON.stringify(data);
}

function isPlainObject(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  const prototype: unknown = Object.getPrototypeOf(data);
  return prototype === null || prototype === Object.prototype;
}
