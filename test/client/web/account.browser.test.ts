import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageWith, openStage, register, type Stage, slider, startWith, write } from './browser.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ demo: false });
});
afterAll(() => stage.close());

describe('on a server of one’s own', () => {
  it('two people register, one finds the other, and they talk', async () => {
    const [dora, emil] = [await register(stage, 'dora', 'Dora'), await register(stage, 'emil', 'Emil')];
    await startWith(dora, { username: 'emil', displayName: 'Emil' });
    await write(dora, 'Hello Emil');
    await emil.getByRole('button', { name: /Dora.*Hello Emil/ }).click();
    await messageWith(emil, 'Hello Emil').waitFor();
    await write(emil, 'Hello Dora');
    await messageWith(dora, 'Hello Dora').waitFor();
    expect(await slider(dora).getAttribute('max')).toBe('3');
  });

  it('says what is wrong with a name or a password', async () => {
    const page = await stage.page();
    await page.goto(stage.server.http);
    await page.getByRole('textbox', { name: 'Username' }).fill('nobody');
    await page.getByLabel('Password').fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('alert')
      .getByText(/password/i)
      .waitFor();
    expect(await page.getByRole('button', { name: 'Sign in' }).isEnabled()).toBe(true);
  });

  it('a session that is opened in a second tab moves there, and can be taken back', async () => {
    const first = await register(stage, 'fritz', 'Fritz');
    const session = await first.evaluate<string>(`sessionStorage.getItem('hindsight.session')`);
    const second = await first.context().newPage();
    await second.addInitScript(`sessionStorage.setItem('hindsight.session', ${JSON.stringify(session)})`);
    await second.goto(stage.server.http);
    await second.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await first.getByText('Open in another tab').waitFor();
    await first.getByRole('button', { name: 'Use it here' }).click();
    await first.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await second.getByText('Open in another tab').waitFor();
    await first.getByRole('button', { name: 'Sign out' }).click();
    await first.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await first.evaluate<string | null>(`sessionStorage.getItem('hindsight.session')`)).toBeNull();
  });
});
