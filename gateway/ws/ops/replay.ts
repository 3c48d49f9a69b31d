import * as z from 'zod';
import { accepted, rejected } from '../../../events/error-codes.ts';
import { ChatId, Point, readPoint } from '../../requests.ts';
import type { Connection } from '../connection.ts';
import { REPLAY_MAX_GAP_MS, REPLAY_SPEED_MAX, REPLAYS_MAX } from '../limits.ts';
import { type ReplayPlan, startReplay } from '../replay/replay.ts';
import type { Services } from '../services.ts';
import { defineOp } from './op.ts';

export const Speed = z
  .number()
  .min(0)
  .max(REPLAY_SPEED_MAX)
  .meta({ description: '1: as it happened; 2: twice as fast; 0: as fast as the socket reads.' });

export const replay = defineOp({
  name: 'replay',
  kind: 'read',
  summary: 'Lets a stretch of a chat happen once more, event by event, in its own pace or another.',
  fields: {
    chatId: ChatId,
    from: Point,
    to: Point.optional(),
    speed: Speed.default(1),
    maxGapMs: z.int().min(0).default(REPLAY_MAX_GAP_MS),
  },
  answer: z.object({ replayId: z.string() }),
  run: async ({ services, connection }, { chatId, from, to, speed, maxGapMs }) => {
    const { queries, clock, newId } = services;
    const viewer = connection.userId;
    const first = await queries.resolve(viewer, chatId, { ...readPoint(from), exclusive: true });
    if (!first.ok) return first;
    const last = await queries.resolve(viewer, chatId, to === undefined ? { time: clock() } : readPoint(to));
    if (!last.ok) return last;
    if (last.value.seq < first.value.seq) return rejected('bad-request', 'to lies before from');
    if (connection.replays.size >= REPLAYS_MAX) return rejected('busy', `at most ${REPLAYS_MAX} replays at once`);
    if (!connection.socket.open) return rejected('unavailable', 'the socket has closed');
    const replayId = newId();
    begin(services, connection, {
      replayId,
      viewer,
      chatId,
      from: first.value.seq,
      to: last.value.seq,
      speed,
      maxGapMs,
    });
    return accepted({ replayId });
  },
});

function begin(services: Services, connection: Connection, plan: ReplayPlan): void {
  const { replayId, viewer, chatId } = plan;
  const running = startReplay(services, connection.outbox, {
    plan,
    ended: () => {
      unwatch();
      connection.replays.delete(replayId);
    },
  });
  const unwatch = services.hub.watch({ chatId, userId: viewer, removed: () => running.end('forbidden') });
  connection.replays.set(replayId, running);
}
