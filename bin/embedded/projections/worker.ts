import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../../../events/event-store.ts';
import { isCorrupt } from '../../../infra/sqlite/errors.ts';
import { viewsFailure } from '../../../infra/sqlite/views/failure.ts';
import type { Runner } from '../../../projections/index.ts';
import type { Asked, Failure, FromWorker, ToWorker, WorkerInput } from './messages.ts';
import { type OpenedRunner, openRunner } from './open-runner.ts';

/** How long until views that could not be opened are tried again. */
const REOPEN_MS = 1_000;

if (!parentPort) throw new Error('the projections run in a worker thread of the server');
const port = parentPort;
const { eventsFile, viewsFile } = workerData as WorkerInput;
type Ask = (...args: unknown[]) => unknown;
const tell = (message: FromWorker): void => port.postMessage(message);

let opened: OpenedRunner | null = null;
let closing = false;
let interrupt: () => void = () => undefined;

port.on('message', (message: ToWorker) => {
  if (message.kind === 'nudge') opened?.runner.nudge();
  else if (message.kind === 'call') void answer(message);
  else void close();
});

function handlerOf({ admin, parking, unknown }: Runner, method: Asked): Ask {
  if (method === 'unknown') return () => Object.fromEntries(unknown());
  if (method === 'parked.list') return parking.list;
  return (method === 'parked.ask' ? parking.ask : admin[method]) as Ask;
}

async function answer({ id, method, args }: ToWorker & { kind: 'call' }): Promise<void> {
  try {
    if (!opened) throw new StoreError('unavailable', 'the views are not open');
    const value = await handlerOf(opened.runner, method)(...args);
    tell({ kind: 'answer', id, value, error: null });
  } catch (error) {
    tell({ kind: 'answer', id, value: null, error: failureOf(error) });
  }
}

function failureOf(thrown: unknown): Failure {
  const error = viewsFailure(thrown);
  if (!(error instanceof StoreError)) return { code: null, temporary: false, message: String(error) };
  const { code, temporary, message } = error;
  return { code, temporary, message };
}

async function close(): Promise<void> {
  closing = true;
  interrupt();
  await opened?.runner.close();
}

/** Until it is closed. Views that turn out corrupt are built afresh; what cannot be opened is tried again. */
async function serve(): Promise<void> {
  while (!closing) {
    try {
      opened = await openRunner({
        eventsFile,
        viewsFile,
        report: (report) => tell({ kind: 'report', report }),
        onPosition: (position, following) => tell({ kind: 'position', position, following }),
        onHead: (head) => tell({ kind: 'head', head }),
      });
    } catch (error) {
      tell({ kind: 'report', report: { kind: 'store-fault', fault: 'temporary', error: String(error) } });
      tell({ kind: 'ready' });
      await pause(REOPEN_MS);
      continue;
    }
    tell({ kind: 'ready' });
    await runToItsEnd(opened);
  }
  port.close();
}

async function runToItsEnd(current: OpenedRunner): Promise<void> {
  try {
    await current.runner.run();
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    tell({ kind: 'report', report: { kind: 'store-fault', fault: 'corrupt', error: String(error) } });
    opened = null; // from here on nothing can be asked of it
    await current.close({ discard: true });
    return;
  }
  opened = null;
  await current.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    interrupt = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

await serve();
