import { setTimeout as pause } from 'node:timers/promises';
import { call, type Frame } from '../../support/protocol-client.ts';
import { ANSWER_WITHIN_MS } from './sending.ts';

/** Long messages make a page of these some megabytes. */
const PAGE_EVENTS = 100;
const AGAIN_MS = 500;

interface Backlog {
  readonly chatId: string;
  http(): string;
  token(): string;
  /** Pages follow this one. */
  lastSeq(): number;
  take(event: Frame): void;
  /** Whether anybody still waits for it; what comes after that is not taken. */
  wanted(): boolean;
}

/** Reads a chat page by page to its end, as whoever is told that it is far behind has to. */
export async function readBacklog({ chatId, http, token, lastSeq, take, wanted }: Backlog): Promise<void> {
  for (let more = true; more && wanted(); ) {
    const page = await pageOf(http, `/v1/chats/${chatId}/events?after=${lastSeq()}&limit=${PAGE_EVENTS}`, token());
    if (!wanted()) return;
    for (const event of page?.events ?? []) take(event);
    more = page?.next !== null;
    if (!page) await pause(AGAIN_MS);
  }
}

interface Page {
  readonly events: readonly Frame[];
  readonly next: number | null;
}

async function pageOf(http: () => string, path: string, token: string): Promise<Page | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const { status, body } = await call<Page>(http(), path, { token, signal });
    return status === 200 ? body : null;
  } catch {
    return null; // cut or silent
  }
}
