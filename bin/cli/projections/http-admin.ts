import * as z from 'zod';
import { ERROR_CODES, type ErrorCode, type Outcome, rejected } from '../../../events/error-codes.ts';
import type { ParkedChat, ParkedOutcome, ParkedPlace } from '../../../gateway/http/ops/parked/port.ts';
import type { ParkedActs } from '../../../gateway/http/ops/parked/recorded.ts';
import type { ProjectionAdmin, ProjectionJob, ProjectionState } from '../../../gateway/http/ops/port.ts';
import { VerbFailed } from '../io.ts';

const Problem = z.object({ code: z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]), detail: z.string() });

export interface OverHttp {
  /** Where the server listens: `http://…`. */
  http: string;
  token: string;
  reason: string | undefined;
}

/** Throws `VerbFailed`, `unavailable`, where the server is gone, before it was asked or in the middle of an answer. */
async function answered(url: string, request: RequestInit): Promise<{ response: Response; answer: unknown }> {
  try {
    const response = await fetch(url, request);
    return { response, answer: await response.json() };
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new VerbFailed(
      'unavailable',
      `the server at ${new URL(url).origin} does not answer any more (${why}): what was begun goes on once it is back, see \`projections list\``,
    );
  }
}

/** Questions to a running server. */
function asker({ http, token, reason }: OverHttp) {
  async function ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<Outcome<T>> {
    const { response, answer } = await answered(`${http}/v1/ops/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return { ok: true, value: answer as T };
    const problem = Problem.parse(answer);
    return rejected(problem.code, problem.detail);
  }
  async function read<T>(path: string): Promise<T> {
    const found = await ask<T>('GET', path);
    if (!found.ok) throw new VerbFailed(found.rejection.code, found.rejection.detail);
    return found.value;
  }
  const act = <T>(path: string, how: object = {}): Promise<Outcome<T>> =>
    ask('POST', path, { ...how, ...(reason !== undefined && { reason }) });
  return { ask, read, act };
}

/** What is parked there. */
export function httpParked(over: OverHttp): ParkedActs {
  const { read, act } = asker(over);
  const on =
    (action: 'retry' | 'skip') =>
    ({ view, key }: ParkedPlace) =>
      act<ParkedOutcome>(`parked/${encodeURIComponent(view)}/${encodeURIComponent(key)}/${action}`);
  return {
    list: async () => (await read<{ parked: ParkedChat[] }>('parked')).parked,
    retry: on('retry'),
    skip: on('skip'),
  };
}

/** The views of a running server, which also records what is done to them. */
export function httpAdmin(over: OverHttp): ProjectionAdmin {
  const { ask, read, act } = asker(over);
  const move =
    <T>(action: string) =>
    (name: string, how?: object) =>
      act<T>(`projections/${encodeURIComponent(name)}/${action}`, how);
  return {
    list: async () => (await read<{ projections: ProjectionState[] }>('projections')).projections,
    rebuild: move<ProjectionJob>('rebuild'),
    verify: move<ProjectionJob>('verify'),
    pause: move<ProjectionState>('pause'),
    resume: move<ProjectionState>('resume'),
    cancel: move<ProjectionJob>('cancel'),
    rollback: move<ProjectionState>('rollback'),
    drop: move<ProjectionState>('drop'),
    repair: (chatId) => act<ProjectionJob>(`chats/${encodeURIComponent(chatId)}/repair`),
    jobs: async () => (await read<{ jobs: ProjectionJob[] }>('jobs')).jobs,
    async job(id) {
      const job = await ask<ProjectionJob>('GET', `jobs/${encodeURIComponent(id)}`);
      if (job.ok) return job.value;
      if (job.rejection.code === 'not-found') return null;
      throw new VerbFailed(job.rejection.code, job.rejection.detail);
    },
  };
}
