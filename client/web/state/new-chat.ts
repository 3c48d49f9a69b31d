import { signal } from '@preact/signals';
import type { User } from '../../sdk/index.ts';
import { hindsight, tell, user } from './client.ts';
import { openConversation } from './conversation.ts';

const QUERY_MIN = 3;

export const draft = {
  open: signal(false),
  title: signal(''),
  query: signal(''),
  found: signal<readonly User[]>([]),
  chosen: signal<readonly User[]>([]),
};

export function search(text: string): void {
  draft.query.value = text;
  draft.found.value = [];
  if (text.trim().length < QUERY_MIN) return;
  hindsight.api.users(text.trim(), { limit: 8 }).then(({ users }) => {
    if (draft.query.value !== text) return; // more was typed meanwhile
    const taken = new Set([user.value?.userId, ...draft.chosen.value.map(({ userId }) => userId)]);
    draft.found.value = users.filter(({ userId }) => !taken.has(userId));
  }, tell);
}

export function choose(person: User): void {
  draft.chosen.value = [...draft.chosen.value, person];
  draft.query.value = '';
  draft.found.value = [];
}

/** A group with a title; with one person and no title a direct conversation. */
export async function startChat(): Promise<void> {
  const members = draft.chosen.value.map(({ userId }) => userId);
  const [only] = members;
  const title = draft.title.value.trim();
  const direct = title === '' && members.length === 1 && only !== undefined;
  try {
    const { chatId } = await hindsight.api.startChat(
      direct ? { kind: 'direct', userId: only } : { kind: 'group', title: title || 'New group', members },
    );
    draft.open.value = false;
    draft.title.value = '';
    draft.chosen.value = [];
    openConversation(chatId);
  } catch (error) {
    tell(error);
  }
}
