import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { hindsight, tell } from '../state/client.ts';
import { type Demo, demo } from '../state/demo.ts';
import { Brand } from './brand.tsx';
import { hueOf, initialOf } from './format.ts';

export function SignIn(): VNode {
  return (
    <main class="sign-in">
      <div class="card">
        <h1>
          <Brand />
        </h1>
        <p class="tagline">Any chat, exactly as it stood at any moment.</p>
        {demo.value === undefined ? null : demo.value ? <DemoUsers demo={demo.value} /> : <Account />}
      </div>
    </main>
  );
}

function DemoUsers({ demo: { users, attribution } }: { demo: Demo }): VNode {
  const busy = useSignal(false);
  const signIn = (credentials: { username: string; password: string }): void => {
    busy.value = true;
    hindsight.session
      .signIn(credentials)
      .catch(tell)
      .finally(() => {
        busy.value = false;
      });
  };
  return (
    <>
      <p>This server shows a demo. Look around as one of these people:</p>
      <ul class="demo-users">
        {users.map(({ username, password, displayName }) => (
          <li key={username}>
            <button type="button" disabled={busy.value} onClick={() => signIn({ username, password })}>
              <span class={`avatar ${hueOf(username)}`} aria-hidden="true">
                {initialOf(displayName)}
              </span>
              Continue as {displayName}
            </button>
          </li>
        ))}
      </ul>
      {attribution && <p class="fine-print">{attribution}</p>}
    </>
  );
}

function Account(): VNode {
  const registering = useSignal(false);
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string): string => textOf(data.get(name)).trim();
    const credentials = { username: field('username'), password: textOf(data.get('password')) };
    busy.value = true;
    try {
      if (registering.value) {
        const displayName = field('displayName') || credentials.username;
        await hindsight.session.register({ ...credentials, displayName, idempotencyKey: hindsight.newId() });
      }
      await hindsight.session.signIn(credentials);
    } catch (error) {
      tell(error);
    } finally {
      busy.value = false;
    }
  };
  const action = registering.value ? 'Create account' : 'Sign in';
  return (
    <form class="account" onSubmit={(event) => void submit(event)}>
      <label>
        Username
        <input name="username" autocomplete="username" autocapitalize="none" required />
      </label>
      {registering.value && (
        <label>
          Name shown to others
          <input name="displayName" autocomplete="name" maxLength={100} />
        </label>
      )}
      <label>
        Password
        <input
          name="password"
          type="password"
          autocomplete={registering.value ? 'new-password' : 'current-password'}
          required
        />
      </label>
      <button type="submit" class="primary" disabled={busy.value}>
        {action}
      </button>
      <button type="button" class="quiet" onClick={() => (registering.value = !registering.value)}>
        {registering.value ? 'I have an account' : 'I am new here'}
      </button>
    </form>
  );
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');
