import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Reply } from '../../answers.ts';
import { EditInput, given, SendInput } from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { about, commandProblems } from '../describe.ts';
import { CommandHeaders, chatFrame } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { ChatParams } from './chats.ts';
import { MessageParams } from './messages.ts';

/** Of every change of a message. */
export const changeRefusals = commandProblems(
  'forbidden',
  'chat-not-found',
  'message-not-found',
  'command-id-reused',
  'message-deleted',
  'id-from-the-future',
);

export const messageCommands: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands }, limits }) => {
  app.addHook('preValidation', perCommand(limits));
  app.post(
    '/chats/:chatId/messages',
    {
      schema: {
        ...about('sendMessage', 'messages', 'Send a message', 'The same `messageId` again: 200, as at first.'),
        params: ChatParams,
        headers: CommandHeaders,
        body: SendInput.meta({ example: { messageId: '01K0A6X3V5N8Q2R7T9W1Y4Z6B0', text: 'Good evening' } }),
        response: {
          200: Reply,
          201: Reply,
          ...commandProblems(
            'chat-not-found',
            'message-not-found',
            'message-id-reused',
            'id-from-the-future',
            'not-connected',
          ),
        },
      },
    },
    async (request, reply) => {
      const frame = chatFrame(request);
      const { messageId = frame.commandId, text, ...rest } = request.body;
      const message = { chatId: request.params.chatId, commandId: messageId, text, ...given(rest) };
      const sent = accept(await commands.chat({ type: 'send', ...frame, ...message }));
      return reply.code(sent.repeated ? 200 : 201).send(sent);
    },
  );
  app.patch(
    '/chats/:chatId/messages/:messageId',
    {
      schema: {
        ...about('editMessage', 'messages', 'Edit my message'),
        params: MessageParams,
        headers: CommandHeaders,
        body: EditInput,
        response: { 200: Reply, ...changeRefusals },
      },
    },
    async (request) => {
      const { chatId, messageId } = request.params;
      const { text, mentions } = request.body;
      const frame = { ...chatFrame(request), chatId };
      return accept(await commands.chat({ type: 'edit', ...frame, messageId, text, ...given({ mentions }) }));
    },
  );
  app.delete(
    '/chats/:chatId/messages/:messageId',
    {
      schema: {
        ...about('deleteMessage', 'messages', 'Delete my message, or as an admin anybody’s'),
        params: MessageParams,
        headers: CommandHeaders,
        response: { 200: Reply, ...changeRefusals },
      },
    },
    async (request) => {
      const { chatId, messageId } = request.params;
      const frame = { ...chatFrame(request), chatId };
      return accept(await commands.chat({ type: 'delete', ...frame, messageId }));
    },
  );
};
