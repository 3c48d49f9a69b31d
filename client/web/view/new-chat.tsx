import type { VNode } from 'preact';
import { choose, draft, search, startChat } from '../state/new-chat.ts';

export function NewChat(): VNode {
  const { open, title, query, found, chosen } = draft;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void startChat();
  };
  return (
    <details class="new-chat" open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>New conversation</summary>
      <form onSubmit={submit}>
        <label>
          Title
          <input
            value={title.value}
            maxLength={200}
            placeholder="none for a direct one"
            onInput={(event) => (title.value = event.currentTarget.value)}
          />
        </label>
        <label>
          People
          <input
            type="search"
            value={query.value}
            placeholder="3 letters of a username"
            onInput={(event) => search(event.currentTarget.value)}
          />
        </label>
        <ul class="people">
          {found.value.map((person) => (
            <li key={person.userId}>
              <button type="button" onClick={() => choose(person)}>
                Add {person.displayName} <small>@{person.username}</small>
              </button>
            </li>
          ))}
        </ul>
        {chosen.value.length > 0 && (
          <p class="hint">With {chosen.value.map(({ displayName }) => displayName).join(', ')}</p>
        )}
        <button type="submit" class="primary" disabled={chosen.value.length === 0 && title.value.trim() === ''}>
          Start
        </button>
      </form>
    </details>
  );
}
