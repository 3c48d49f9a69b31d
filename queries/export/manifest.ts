import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { FileEntry } from './port.ts';

export const SCHEMA_VERSION = 1;

/** What an export holds, and by what it can be proven. */
export const Manifest = z.strictObject({
  schemaVersion: z.int(),
  kind: z.enum(['events', 'state']),
  filter: z.record(z.string(), z.string()),
  /** Positions of the first and last event in it; null where there is none, or where positions are left out. */
  first: z.string().nullable(),
  last: z.string().nullable(),
  /** Events, or rows of all tables. */
  count: z.int(),
  files: z.array(z.strictObject({ name: z.string(), count: z.int(), sha256: z.string() })),
  /** Of all of the above, as `JSON.stringify` prints it: over it follows from the files' own. */
  sha256: z.string(),
});
export type Manifest = z.infer<typeof Manifest>;

export function createManifest(of: Omit<Manifest, 'schemaVersion' | 'count' | 'sha256'>): Manifest {
  const files = of.files.map(({ name, count, sha256 }: FileEntry) => ({ name, count, sha256 }));
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const { kind, filter, first, last } = of;
  const body = { schemaVersion: SCHEMA_VERSION, kind, filter, first, last, count, files };
  return { ...body, sha256: sha256Of(body) };
}

const sha256Of = (body: Omit<Manifest, 'sha256'>): string =>
  createHash('sha256').update(JSON.stringify(body)).digest('hex');

export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** The version that a text says it has, of whatever form the rest is; null where it says none. */
export function versionOfManifest(text: string): number | null {
  try {
    const { schemaVersion } = JSON.parse(text) as { schemaVersion?: unknown };
    return typeof schemaVersion === 'number' ? schemaVersion : null;
  } catch {
    return null;
  }
}

/** The manifest that a text is, to the byte; null where it is none, or not as it was written. */
export function parseManifest(text: string): Manifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = Manifest.safeParse(value);
  if (!parsed.success) return null;
  const { sha256, ...body } = parsed.data;
  const whole = createManifest(body);
  return whole.sha256 === sha256 && manifestText(whole) === text ? whole : null;
}
