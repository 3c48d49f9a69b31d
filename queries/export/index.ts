export { exportState } from './chat-states.ts';
export { exportEvents } from './events.ts';
export {
  createManifest,
  type Manifest,
  manifestText,
  parseManifest,
  SCHEMA_VERSION,
  versionOfManifest,
} from './manifest.ts';
export type { ExportRequest, ExportRun } from './run.ts';
