import type { ChatEvent } from '../../events/chat.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { arrayLog, recordedChat } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { naiveAccess } from '../support/naive-members.ts';
import { builtViews } from '../support/views.ts';
import { type ReadersOver, visibilitySuite } from './suite.ts';

/** Views as a server has them: projected from the log into SQLite. */
const sqlite: ReadersOver = async (events: readonly ChatEvent[]) => {
  const log = arrayLog(events.map(recordedChat));
  const views = await builtViews(log, testFolder());
  const head = await log.head();
  const deps = {
    ...views,
    chatLog: chatLogReader(log),
    progress: { position: () => head, reached: async () => true, lagMs: () => 0 },
    head: () => log.head(),
    epoch: log.epoch,
    access: async (chatId: string, userId: string) =>
      naiveAccess(
        events.filter((event) => event.chatId === chatId),
        userId,
      ),
    clock: Date.now,
    userSearch: 'prefix' as const,
  };
  return { deps, close: async () => views.close() };
};

visibilitySuite('SQLite', sqlite);
