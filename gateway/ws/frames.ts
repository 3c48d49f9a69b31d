import { Buffer } from 'node:buffer';
import type { Rejection } from '../../events/error-codes.ts';
import { toSocketError } from '../errors.ts';

/** The frames that the server makes. */
export type RequestId = string | number;
export type ResyncReason = 'slow' | 'far-behind' | 'new' | 'epoch' | 'repaired';

export const encode = (frame: object): Buffer => Buffer.from(JSON.stringify(frame));

export const okFrame = (id: RequestId, value: object): Buffer => encode({ id, ok: true, ...value });
export const errorFrame = (id: RequestId, rejection: Rejection): Buffer =>
  encode({ id, ok: false, error: toSocketError(rejection) });

/** Without a copy of the event: it has a dozen fields, and this is the hottest of all frames. */
export const eventFrame = (event: object): Buffer => Buffer.from(`{"ev":"event",${JSON.stringify(event).slice(1)}`);
export const resyncFrame = (chatId: string, headSeq: number, reason: ResyncReason): Buffer =>
  encode({ ev: 'resync', chatId, headSeq, reason });
export const resyncAllFrame = (reason: ResyncReason): Buffer => encode({ ev: 'resync', all: true, reason });
export const syncedFrame = (chatId: string, seq: number): Buffer => encode({ ev: 'synced', chatId, seq });
export const presenceFrame = (userId: string, online: boolean): Buffer => encode({ ev: 'presence', userId, online });
export const typingFrame = (chatId: string, userId: string): Buffer => encode({ ev: 'typing', chatId, userId });
/** `afterMs`: for how long the user is still served here. */
export const movedFrame = (url: string, afterMs: number): Buffer => encode({ ev: 'moved', url, afterMs });
export const goneFrame = (chatId: string): Buffer => encode({ ev: 'gone', chatId });
export const receiptFrame = (receipt: {
  chatId: string;
  userId: string;
  readSeq: number;
  deliveredSeq: number;
}): Buffer => encode({ ev: 'receipt', ...receipt });
