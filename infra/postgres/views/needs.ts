import type { ChatId, UserId } from '../../../events/ids.ts';
import type { PartitionBatch } from '../../../projections/partitions/ports.ts';

/** What a batch will be asked about: never more of a chat's members than its events name. */
export interface Needs {
  readonly chats: ReadonlySet<ChatId>;
  /** Who comes, goes or changes in a chat. */
  readonly members: readonly Pair[];
  /** Whose marks move there. */
  readonly marks: readonly Pair[];
}

export interface Pair {
  readonly chatId: ChatId;
  readonly userId: UserId;
}

/** Each pair once, but for those that are here already. */
export function missingPairs(pairs: readonly Pair[], isHere: (pair: Pair) => boolean): Pair[] {
  const missing = new Map<string, Pair>();
  for (const pair of pairs) if (!isHere(pair)) missing.set(`${pair.chatId} ${pair.userId}`, pair);
  return [...missing.values()];
}

export function needsOf(inputs: PartitionBatch['inputs']): Needs {
  const chats = new Set<ChatId>();
  const members: Pair[] = [];
  const marks: Pair[] = [];
  for (const input of inputs) {
    if (input.category === 'user') continue;
    const { chatId } = input;
    chats.add(chatId);
    if (input.category === 'receipts') {
      marks.push({ chatId, userId: input.userId });
      continue;
    }
    switch (input.type) {
      case 'MemberAdded':
      case 'MemberRemoved':
      case 'MemberRoleChanged':
        members.push({ chatId, userId: input.data.userId });
        break;
      case 'MessageSent':
        marks.push({ chatId, userId: input.actor });
        break;
      default: // a chat that starts has no rows yet; whatever else there is names nobody
    }
  }
  return { chats, members, marks };
}
