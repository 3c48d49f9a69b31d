import type { ChatId, UserId } from '../../events/ids.ts';
import type { Commands } from '../api.ts';
import type { EventStore, Ids } from '../ports.ts';
import type { ImportedChat } from './chat-state.ts';
import { derivedUlid } from './derived-ids.ts';
import type { ImportFile, ImportLine } from './port.ts';

export interface ImportDeps {
  store: EventStore;
  ids: Ids;
  /** Milliseconds since 1970. */
  clock: () => number;
  commands: Pick<Commands, 'recordOps'>;
  /** Lines of one append; default 500. */
  batchLines?: number;
  /** Called now and then with the lines done so far. */
  onProgress?: (lines: number) => void;
}

export interface ImportRequest {
  /** Of the format, such as `irc`: part of every derived id. */
  source: string;
  /** The group's title: with the source it is the group's identity. */
  title: string;
  /** Who imports, as the ops log names them; left out: the first admin. */
  actor?: string;
  /** Its admins, at least one. */
  admins: readonly UserId[];
  /** In the order in which they are to be appended. */
  files: readonly ImportFile[];
}

export interface ImportReport {
  chatId: ChatId;
  /** All but the empty ones. */
  lines: number;
  /** Events of the chat that this run appended. */
  appended: number;
  /** Events of the chat that other runs appended for these lines, its start with the line that made it. */
  already: number;
  unreadable: { file: string; line: number; why: string }[];
}

/** A line that no event of the chat stands for yet. */
export interface PendingLine {
  file: ImportFile;
  line: ImportLine;
}

/** One import under way. */
export interface Run {
  deps: ImportDeps;
  request: ImportRequest;
  chatId: ChatId;
  /** Correlation id of all imports of this source into this chat: tells their events from live ones. */
  importId: string;
  chat: ImportedChat;
  done: Map<string, number>;
  /** The file being read, and the last of its lines that other runs have dealt with. */
  file: { file: ImportFile; lines: readonly ImportLine[]; doneThrough: number } | null;
  users: Map<string, UserId>;
  knownUsers: Set<UserId>;
  pending: PendingLine[];
  report: ImportReport;
}

export const startId = (ids: Ids, chatId: ChatId): string =>
  derivedUlid(ids, 0, { namespace: 'import-start', key: chatId });

export function lineId(run: Run, file: ImportFile, line: ImportLine, part: string): string {
  return derivedUlid(run.deps.ids, line.minute, {
    namespace: 'import-line',
    key: `${run.chatId}\n${file.name}\n${line.line}\n${part}`,
  });
}

export function userOf(run: Run, nick: string): UserId {
  let userId = run.users.get(nick);
  if (userId === undefined) {
    userId = derivedUlid(run.deps.ids, 0, { namespace: 'import-user', key: `${run.request.source}\n${nick}` });
    run.users.set(nick, userId);
  }
  return userId;
}
