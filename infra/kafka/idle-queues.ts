import { createRequire } from 'node:module';

/** The part of kafkajs 2.2.4 that is mended here: a connection's requests. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const require = createRequire(import.meta.url);
const { prototype: queue } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue };
const { scheduleCheckPendingRequests: schedule } = queue;

/**
 * From its first answer on each connection of kafkajs looks a thousand times a second for requests that wait, by timers
 * of a negative time, of which Node 24 warns (tulios/kafkajs#1704, #1751). It looks only while there are any: each one
 * that begins to wait asks for it.
 */
queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};
