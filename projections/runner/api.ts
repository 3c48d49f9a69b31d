import type { Outcome } from '../../events/error-codes.ts';
import type { Comparison } from './ports.ts';

/** The shapes that the gateway serves: `gateway/http/ops/port.ts` says what they mean. */
export interface ActedBy {
  actor: string;
  reason?: string;
}
export interface VerifyOptions {
  sample?: number;
  by?: ActedBy;
}
export interface RebuildOptions extends VerifyOptions {
  eventsPerSecond?: number;
  share?: number;
}

export interface ProjectionState {
  name: string;
  state: 'live' | 'catching-up' | 'paused' | 'rebuilding';
  position: string;
  lagEvents: number;
  lagSeconds: number;
  progress: number | null;
  etaS: number | null;
  generations: { live: number | null; building: number | null; previous: number | null };
}

export interface ProjectionJob {
  jobId: string;
  name: string;
  action: 'rebuild' | 'verify' | 'repair';
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  phase: 'building' | 'catching-up' | 'verifying' | 'switching' | null;
  progress: number;
  etaS: number | null;
  eventsPerSecond: number | null;
  lagEvents: number | null;
  lagSeconds: number | null;
  startedAt: string;
  endedAt: string | null;
  actor: string | null;
  reason: string | null;
  result: Comparison | null;
  error: string | null;
}

/** Every action answers `not-found` where no view has that name; `rebuild` and `verify` take `all` too. */
export interface Admin {
  list(): Promise<ProjectionState[]>;
  rebuild(name: string, how?: RebuildOptions): Promise<Outcome<ProjectionJob>>;
  verify(name: string, how?: VerifyOptions): Promise<Outcome<ProjectionJob>>;
  pause(name: string): Promise<Outcome<ProjectionState>>;
  resume(name: string): Promise<Outcome<ProjectionState>>;
  cancel(name: string): Promise<Outcome<ProjectionJob>>;
  rollback(name: string): Promise<Outcome<ProjectionState>>;
  drop(name: string): Promise<Outcome<ProjectionState>>;
  repair(chatId: string, how?: { by?: ActedBy }): Promise<Outcome<ProjectionJob>>;
  jobs(): Promise<ProjectionJob[]>;
  job(id: string): Promise<ProjectionJob | null>;
}
