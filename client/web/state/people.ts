import { signal } from '@preact/signals';
import { hindsight } from './client.ts';

const AT_ONCE_MAX = 4;
const names = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();
const waiting: string[] = [];
let running = 0;

/** The user's name; null until it is known. Reading it asks for it. */
export function nameOf(userId: string): string | null {
  const name = names.value.get(userId);
  if (name !== undefined) return name;
  if (!asked.has(userId)) {
    asked.add(userId);
    waiting.push(userId);
    queueMicrotask(next);
  }
  return null;
}

function next(): void {
  while (running < AT_ONCE_MAX) {
    const userId = waiting.pop(); // what is on the screen now is asked for first
    if (userId === undefined) return;
    running++;
    hindsight.api
      .user(userId)
      .then(({ displayName }) => {
        names.value = new Map(names.value).set(userId, displayName);
      })
      .catch(() => asked.delete(userId)) // asked again when it is next on the screen
      .finally(() => {
        running--;
        next();
      });
  }
}
