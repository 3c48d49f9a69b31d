import { words } from '../../events/content.ts';
import type { Input, Projection } from '../projection.ts';
import type { UsersWriter } from './ports.ts';

/** Users: who can be found and named. */
export function usersProjection(writer: UsersWriter): Projection {
  return {
    categories: ['user'],
    apply: (input) => applyInput(writer, input),
    flush: () => undefined,
    reset: () => undefined,
  };
}

function applyInput(writer: UsersWriter, input: Input): void {
  if (input.category !== 'user') return;
  const { userId } = input;
  if (input.type === 'UserRegistered') {
    writer.registered({ userId, username: input.data.username, displayName: words(input.data.displayName) });
  } else if (input.type === 'UserRenamed') {
    writer.renamed({ userId, displayName: words(input.data.displayName) });
  }
}
