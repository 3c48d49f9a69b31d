import * as z from 'zod';
import { named } from '../../../answers.ts';

export const ParkedChat = named(
  'ParkedChat',
  z.object({
    view: z.string(),
    key: z.string().meta({ description: 'A chat, or the stream of something else.' }),
    event: z.object({ stream: z.string(), revision: z.int(), position: z.string(), type: z.string() }),
    error: z.string(),
    waiting: z.int(),
    since: z.string().meta({ description: 'RFC 3339.' }),
  }),
  'An event that a view could not take. What came after it in the same chat waits.',
);
const parkedList = z.array(ParkedChat);
export const ParkedOutcome = named(
  'ParkedOutcome',
  z.object({ released: parkedList, parked: parkedList, pending: parkedList }),
  '`released`: what waited has been applied. `parked`: it stands again. `pending`: asked for, and not tried yet.',
);
