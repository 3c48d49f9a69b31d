export { exportState } from './chat-states.ts';
export { chatsUntil } from './chats.ts';
export { exportEvents } from './events.ts';
export { createManifest, type Manifest, manifestText, parseManifest } from './manifest.ts';
export type { ExportRequest, ExportRun } from './run.ts';
