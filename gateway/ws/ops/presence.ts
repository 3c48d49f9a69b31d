import * as z from 'zod';
import { UserId } from '../../../events/ids.ts';
import { PRESENCE_USERS_MAX } from '../../presence/limits.ts';
import { defineOp } from './op.ts';

export const presence = defineOp({
  name: 'presence',
  kind: 'read',
  summary: 'Who of these users is online, now and from now on. A new list replaces the old one.',
  fields: { userIds: z.array(UserId).max(PRESENCE_USERS_MAX) },
  answer: z.object({ online: z.record(z.string(), z.boolean()) }),
  run: ({ services, connection }, { userIds }) => services.presence.watch(connection, userIds),
});
