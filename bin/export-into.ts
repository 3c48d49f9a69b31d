import type { EventLog } from '../events/event-store.ts';
import { openExport } from '../infra/disk/export-folder.ts';
import { encoderOf } from '../infra/formats/encoder.ts';
import {
  createManifest,
  type ExportRequest,
  type ExportRun,
  exportEvents,
  exportState,
  type Manifest,
  manifestText,
  parseManifest,
} from '../queries/export/index.ts';

export type ExportKind = Manifest['kind'];

export interface ExportInto {
  readonly log: EventLog;
  readonly folder: string;
  readonly kind: ExportKind;
  readonly request: ExportRequest;
  /** What was asked for, as the manifest says it. */
  readonly filter: Record<string, string>;
  readonly partRows?: number;
  readonly onProgress?: NonNullable<ExportRun['onProgress']>;
}

interface Begun {
  kind: ExportKind;
  filter: Record<string, string>;
  epoch: string;
  until: number;
}

/** An export into a folder, begun or gone on with, up to its manifest. */
export async function exportInto({ log, folder, kind, request, filter, ...options }: ExportInto): Promise<Manifest> {
  const begin: Begun = { kind, filter, epoch: log.epoch, until: await log.head() };
  const out = await openExport({
    folder,
    encoder: await encoderOf(request.format),
    begin,
    same: (begun) => JSON.stringify({ ...begun, until: 0 }) === JSON.stringify({ ...begin, until: 0 }),
  });
  const run: ExportRun = { log, folder: out, request, until: out.begun.until, ...options };
  try {
    const written = out.written === null ? null : parseManifest(out.written);
    const make = kind === 'events' ? exportEvents : exportState;
    const manifest = written ?? createManifest({ kind, filter, ...(await make(run)) });
    await out.conclude(manifestText(manifest));
    return manifest;
  } finally {
    await out.close();
  }
}
