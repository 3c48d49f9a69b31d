import { ChatId, Seq } from '../../requests.ts';
import { defineOp, Empty, nothing } from './op.ts';

export const read = defineOp({
  name: 'read',
  kind: 'command',
  summary: 'Says how far one has read. Cumulative; it never goes back.',
  fields: { chatId: ChatId, seq: Seq },
  answer: Empty,
  run: ({ services, connection }, { chatId, seq }) =>
    nothing(services.commands.moveReceipts({ actor: connection.userId, chatId, readSeq: seq })),
});

export const delivered = defineOp({
  name: 'delivered',
  kind: 'command',
  summary: 'Says how far messages have arrived. Cumulative; it never goes back.',
  fields: { chatId: ChatId, seq: Seq },
  answer: Empty,
  run: ({ services, connection }, { chatId, seq }) =>
    nothing(services.commands.moveReceipts({ actor: connection.userId, chatId, deliveredSeq: seq })),
});
