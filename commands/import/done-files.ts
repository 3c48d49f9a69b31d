import * as z from 'zod';
import type { EventStore } from '../../events/event-store.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { opsStream } from '../../events/streams.ts';

/**
 * Which lines of which file an earlier import has finished. Lines that changed nothing leave no event in the chat, so
 * without this record a second import could take one for new.
 */
export const IMPORT_AREA = 'import';
export const FILE_IMPORTED = 'file-imported';

const Entry = z.object({
  action: z.literal(FILE_IMPORTED),
  target: z.string(),
  details: z.object({ file: z.string(), throughLine: z.int() }),
});

/** The last finished line by file name, for one chat. */
export async function doneFiles(store: EventStore, chatId: string): Promise<Map<string, number>> {
  const done = new Map<string, number>();
  for await (const page of pagesOfStream(store, opsStream(IMPORT_AREA))) {
    for (const event of page) {
      const entry = Entry.safeParse(JSON.parse(event.data));
      if (!entry.success || entry.data.target !== chatId) continue;
      const { file, throughLine } = entry.data.details;
      done.set(file, Math.max(throughLine, done.get(file) ?? 0));
    }
  }
  return done;
}
