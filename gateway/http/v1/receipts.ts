import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Marks, ReceiptList } from '../../answers.ts';
import { given, ReceiptsInput } from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { readQuery } from '../query.ts';
import { ChatParams } from './chats.ts';

export const receipts: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands, queries }, limits }) => {
  app.get(
    '/chats/:chatId/receipts',
    {
      schema: {
        ...about('listReceipts', 'receipts', 'How far the members have read', 'In chats of at most 100 members.'),
        params: ChatParams,
        querystring: readQuery({}),
        response: { 200: ReceiptList, ...readProblems('chat-not-found') },
      },
    },
    async ({ principal, params: { chatId } }) => accept(await queries.receipts(principal.userId, chatId)),
  );
  app.put(
    '/chats/:chatId/receipts',
    {
      preValidation: perCommand(limits),
      schema: {
        ...about(
          'moveReceipts',
          'receipts',
          'Say how far I have read',
          'Cumulative: a mark never falls, and never passes the head.',
        ),
        params: ChatParams,
        body: ReceiptsInput,
        response: { 200: Marks, ...commandProblems('chat-not-found') },
      },
    },
    async ({ principal, params: { chatId }, body: { readSeq, deliveredSeq } }) =>
      accept(await commands.moveReceipts({ actor: principal.userId, chatId, ...given({ readSeq, deliveredSeq }) })),
  );
};
