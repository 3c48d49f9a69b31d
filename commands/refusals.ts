import { rejected } from '../events/error-codes.ts';

/** Of a new command whose id's time is ahead; a known one is answered before. */
export const fromTheFuture = (): ReturnType<typeof rejected> =>
  rejected('id-from-the-future', 'the time in the id lies more than 2 minutes ahead of the server');
