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
  /** Called now and then with the lines done so far. */
  onProgress?: (lines: number) => void;
}

export interface ImportRequest {
  /** Of the format, such as `irc`: part of every derived id. */
  source: string;
  /** The group's title: with the source it is the group's identity. */
  title: string;
  /** Its admins, at least one. */
  admins: readonly UserId[];
  /** In the order in which they are to be appended. */
  files: readonly ImportFile[];
}

export interface ImportReport {
  chatId: ChatId;
  /** All but the empty ones. */
  lines: number;
  /** Events of the chat that this run appended, and that earlier runs had. */
  appended: number;
  already: number;
  unreadable: { file: string; line: number; why: string }[];
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
  /** Events per written minute, earlier runs' included. */
  perMinute: Map<number, number>;
  users: Map<string, UserId>;
  knownUsers: Set<UserId>;
  pending: { file: ImportFile; line: ImportLine }[];
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
