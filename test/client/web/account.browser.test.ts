import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageWith, openStage, type Stage, slider, write } from './browser.ts';

const PASSWORD = 'a long enough password';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ demo: false });
});
afterAll(() => stage.close());

async function register(username: string, displayName: string): Promise<Page> {
  const page = await stage.page();
  await page.goto(stage.server.http);
  await page.getByRole('button', { name: 'I am new here' }).click();
  await page.getByRole('textbox', { name: 'Username' }).fill(username);
  await page.getByRole('textbox', { name: 'Name shown to others' }).fill(displayName);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('No conversations yet.').waitFor();
  return page;
}

describe('on a server of one’s own', () => {
  it('two people register, one finds the other, and they talk', async () => {
    const [dora, emil] = [await register('dora', 'Dora'), await register('emil', 'Emil')];
    await dora.getByText('New conversation').click();
    await dora.getByRole('searchbox', { name: 'People' }).fill('emi');
    await dora.getByRole('button', { name: 'Add Emil @emil' }).click();
    await dora.getByRole('button', { name: 'Start', exact: true }).click();
    await dora.getByRole('heading', { name: 'Emil' }).waitFor();
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
    const first = await register('fritz', 'Fritz');
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
