import * as z from 'zod';
import { rfc3339 } from '../../../events/codec.ts';
import { accepted } from '../../../events/error-codes.ts';
import { defineOp } from './op.ts';

export const ping = defineOp({
  name: 'ping',
  kind: 'control',
  summary: 'Keeps the socket open and tells the time.',
  fields: {},
  answer: z.object({ at: z.string() }),
  run: ({ services }) => accepted({ at: rfc3339(services.clock()) }),
});
