import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { failStop } from './failure.ts';
import type { FromWriter, ToWriter } from './wire.ts';
import { openWriting, type WritingOptions } from './writing.ts';

/**
 * The thread that writes `events.db`: whatever was posted while the last commit was on its way to the disk becomes the
 * next one, so that one sync carries many appends and the calling thread never waits for a disk.
 */
async function run(port: MessagePort, options: WritingOptions): Promise<void> {
  const post = (message: FromWriter): void => port.postMessage(message);
  let idle: NodeJS.Timeout | undefined;
  try {
    const writing = await openWriting(options, post);
    const onMessage = (message: ToWriter): void => {
      clearTimeout(idle);
      accept(message);
      while (writing.work()) {
        for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
          accept(next.message as ToWriter);
      }
      idle = setTimeout(writing.tidy, IDLE_MS).unref();
    };
    const accept = (message: ToWriter): void => {
      if (message.kind === 'append') writing.append(message);
      else if (message.kind === 'snapshot') writing.snapshot(message);
      else {
        writing.close();
        port.off('message', onMessage);
      }
    };
    port.on('message', onMessage);
    post({ kind: 'ready', epoch: writing.epoch });
  } catch (error) {
    post({ kind: 'failed', failure: failStop(error) });
    port.close();
  }
}

const IDLE_MS = 100;

if (parentPort) await run(parentPort, workerData as WritingOptions);
