import * as z from 'zod';
import { accepted, type Outcome, rejected } from '../../../events/error-codes.ts';
import { Point, readPoint } from '../../requests.ts';
import type { Replay } from '../replay/replay.ts';
import { defineOp, Empty, type OpContext } from './op.ts';
import { Speed } from './replay.ts';

export const replayControl = defineOp({
  name: 'replay-control',
  kind: 'control',
  summary: 'Pauses, resumes, moves or stops a replay; `speed` may come with any of it.',
  fields: {
    replayId: z.string().max(64),
    action: z.enum(['pause', 'resume', 'seek', 'stop']),
    to: Point.optional(),
    speed: Speed.optional(),
  },
  answer: Empty,
  run: (context, { replayId, action, to, speed }) => {
    const running = context.connection.replays.get(replayId);
    if (!running) return rejected('not-found', 'no such replay: it may have ended');
    if ((action === 'seek') !== (to !== undefined))
      return rejected('bad-request', '`to` goes with seek, and seek with `to`');
    if (speed !== undefined) running.setSpeed(speed);
    if (to !== undefined) return seek(context, running, to);
    if (action === 'pause') running.pause();
    else if (action === 'resume') running.resume();
    else running.end('stopped');
    return accepted({});
  },
});

async function seek({ services }: OpContext, running: Replay, to: number | string): Promise<Outcome<object>> {
  const { viewer, chatId, to: last } = running.plan;
  const point = await services.queries.resolve(viewer, chatId, readPoint(to));
  if (!point.ok) return point;
  if (point.value.seq > last) return rejected('bad-request', 'to lies behind the end of the replay');
  running.seek(point.value.seq);
  return accepted({});
}
