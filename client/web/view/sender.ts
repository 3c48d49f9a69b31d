import type { Message } from '../../sdk/index.ts';
import { nameOf } from '../state/people.ts';

/** An imported message carries its author's name; others are looked up. */
export const senderName = ({ senderId, origin }: Message): string => origin?.author ?? nameOf(senderId) ?? '…';
