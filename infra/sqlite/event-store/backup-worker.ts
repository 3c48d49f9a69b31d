import { parentPort, workerData } from 'node:worker_threads';
import { copyDatabase } from '../copy.ts';

/** Copies on a thread of its own, so that a server goes on serving. */
if (parentPort) {
  const { from, to } = workerData as { from: string; to: string };
  await copyDatabase(from, to);
  parentPort.postMessage('done');
}
