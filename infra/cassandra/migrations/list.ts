import { CHAT_HISTORY_TABLES } from '../chat-history/tables.ts';
import { CHAT_LOG_TABLES } from '../chat-log/tables.ts';

export interface Migration {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly name: string;
  /** Each may be repeated, and run by two processes at once. */
  readonly statements: readonly string[];
}

/** In order, only ever added to: what stands here has run somewhere. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'chat history', statements: CHAT_HISTORY_TABLES },
  { number: 2, name: 'chat log', statements: CHAT_LOG_TABLES },
];
