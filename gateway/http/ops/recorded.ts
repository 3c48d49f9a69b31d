import type { Outcome } from '../../../events/error-codes.ts';
import type { ActedBy, ActOutcome, ProjectionAdmin, ProjectionJob } from './port.ts';

/** Appends an entry to what operators did (`commands.recordOps`). Throws where it cannot. */
export type RecordOps = (entry: {
  actor: string;
  area: 'projections' | 'parked';
  type: 'OperatorActed';
  data: Record<string, unknown>;
}) => Promise<void>;

const AREA = 'projections';

/** What is done in somebody's name: what cannot be recorded is not done, and what became of it is recorded after, refused or not. */
export function recordedAdmin(admin: ProjectionAdmin, record: RecordOps, by: ActedBy): ProjectionAdmin {
  async function recorded<T>(
    act: { action: string; target: string; details?: object },
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const say = (outcome: ActOutcome): Promise<void> => record(entry(by, { ...act, outcome }));
    await say('asked');
    const outcome = await work();
    await say(outcome.ok ? 'accepted' : outcome.rejection.code);
    return outcome;
  }
  const simply =
    <T>(action: 'pause' | 'resume' | 'cancel' | 'rollback' | 'drop', act: (name: string) => Promise<Outcome<T>>) =>
    (name: string) =>
      recorded({ action, target: name }, () => act(name));
  return {
    list: admin.list,
    jobs: admin.jobs,
    job: admin.job,
    rebuild: (name, how = {}) =>
      recorded({ action: 'rebuild', target: name, ...detailsOf(how) }, () => admin.rebuild(name, { ...how, by })),
    verify: (name, how = {}) =>
      recorded({ action: 'verify', target: name, ...detailsOf(how) }, () => admin.verify(name, { ...how, by })),
    pause: simply('pause', admin.pause),
    resume: simply('resume', admin.resume),
    cancel: simply('cancel', admin.cancel),
    rollback: simply('rollback', admin.rollback),
    drop: simply('drop', admin.drop),
    repair: (chatId) => recorded({ action: 'repair', target: chatId }, () => admin.repair(chatId, { by })),
  };
}

/** How a job ended, in the name of whoever had asked for it. What the server began by itself is not an operator's act. */
export async function recordJobEnd(job: ProjectionJob, record: RecordOps): Promise<void> {
  const { jobId, name, action, state, actor, reason, result, error } = job;
  if (actor === null || state === 'running' || state === 'paused') return;
  const compared = result && { rows: result.rows, sample: result.sample, differences: result.differencesFound };
  const details = { jobId, ...compared, ...(error !== null && { error }) };
  const by = { actor, ...(reason !== null && { reason }) };
  await record(entry(by, { action, target: name, outcome: state, details }));
}

function entry({ actor, reason }: ActedBy, data: Record<string, unknown>): Parameters<RecordOps>[0] {
  return {
    actor,
    area: AREA,
    type: 'OperatorActed',
    data: { ...data, ...(reason !== undefined && { reason }) },
  };
}

function detailsOf({ by: _by, ...details }: { by?: ActedBy }): { details?: object } {
  return Object.keys(details).length === 0 ? {} : { details };
}
