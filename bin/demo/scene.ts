import type { ChatCommand, Commands } from '../../commands/index.ts';
import type { UserId } from '../../events/ids.ts';
import { must } from './must.ts';

export interface Scene {
  commands: Commands;
  chatId: string;
  /** Three users. */
  cast: readonly UserId[];
  /** A command id that follows from the step's name. */
  id: (step: string) => string;
}

/** What the demo's users do today in the old conversation: something of everything, so that the slider has a present too. */
export async function playScene({ commands, chatId, cast, id }: Scene): Promise<void> {
  const [ada, ben, cleo] = cast;
  if (ada === undefined || ben === undefined || cleo === undefined) throw new Error('the demo has a cast of three');
  const play = (command: ChatCommand): Promise<unknown> => commands.chat(command).then(must);
  const say = (actor: UserId, step: string, text: string, replyTo?: string): Promise<unknown> =>
    play({
      type: 'send',
      actor,
      chatId,
      commandId: id(step),
      text,
      ...(replyTo !== undefined && { replyTo: id(replyTo) }),
    });

  await say(ada, 'hello', 'Good morning! This conversation is from 2004, and it opens exactly as it stood.');
  await say(ben, 'slider', 'Move the slider below to any moment, or press play and watch it happen.', 'hello');
  await play({ type: 'react', actor: cleo, chatId, commandId: id('react-1'), messageId: id('slider'), emoji: '🎉' });
  await play({ type: 'react', actor: ada, chatId, commandId: id('react-2'), messageId: id('slider'), emoji: '🎉' });
  await say(cleo, 'typo', 'Edits are evnets too.');
  await play({
    type: 'edit',
    actor: cleo,
    chatId,
    commandId: id('edit'),
    messageId: id('typo'),
    text: 'Edits are events too: look at this message a moment ago.',
  });
  await say(ben, 'secret', 'And what was deleted is still there in the past.');
  await play({ type: 'delete', actor: ben, chatId, commandId: id('delete'), messageId: id('secret') });
  await play({ type: 'react', actor: ben, chatId, commandId: id('react-3'), messageId: id('typo'), emoji: '👍' });
  await play({
    type: 'start-chat',
    actor: ada,
    chatId: id('tea'),
    commandId: id('tea'),
    kind: 'group',
    title: 'Tea kitchen',
    members: [ben, cleo],
  });
  await play({
    type: 'send',
    actor: ada,
    chatId: id('tea'),
    commandId: id('tea-1'),
    text: 'Open this page a second time as Ben and write to me.',
  });
}
