import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { banner, lookAs, messages, messageWith, openStage, type Stage, slider, write } from './browser.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.troubles.splice(0)).toEqual([]));

const seqOf = async (page: Page): Promise<number> => Number(await slider(page).inputValue());

describe('the slider over a conversation’s time', () => {
  it('moves event by event with the arrow keys, and the chat stands as it stood', async () => {
    const page = await lookAs(stage, 'Ada');
    await messageWith(page, 'Edits are events too').waitFor();
    const head = await seqOf(page);
    await slider(page).focus();
    await page.keyboard.press('ArrowLeft'); // before the last reaction
    await banner(page).waitFor();
    expect(await seqOf(page)).toBe(head - 1);
    await page.keyboard.press('ArrowLeft'); // before the deletion
    await messageWith(page, 'what was deleted is still there').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft'); // before the edit
    await messageWith(page, 'Edits are evnets too.').waitFor();
    expect(await messages(page).getByText('Edits are events too').count()).toBe(0);
    expect(await slider(page).getAttribute('aria-valuetext')).toMatch(
      new RegExp(`event ${(head - 4).toLocaleString('en-GB')} of`),
    );
    await page.keyboard.press('End');
    await banner(page).waitFor({ state: 'detached' });
    await messageWith(page, 'Edits are events too').waitFor();
  });

  it('goes to the beginning and by leaps, title and members as of then', async () => {
    const page = await lookAs(stage, 'Ben');
    const head = await seqOf(page);
    const now = await page.locator('.conversation-header p').textContent();
    await slider(page).focus();
    await page.keyboard.press('Home');
    await messages(page).getByText('Nothing had been said yet.').waitFor();
    expect(await seqOf(page)).toBe(0);
    await page.keyboard.press('PageUp');
    await expect.poll(() => messages(page).getByRole('listitem').count()).toBeGreaterThan(1);
    expect(await seqOf(page)).toBeGreaterThan(head / 20);
    expect(await page.locator('.conversation-header p').textContent()).not.toBe(now);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await banner(page).waitFor({ state: 'detached' });
    expect(await seqOf(page)).toBe(head);
  });

  it('shows the last of many quick moves, though the first is answered after it', async () => {
    const page = await lookAs(stage, 'Cleo');
    let release = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/messages?*asOf*', async (route) => {
      await late;
      await route.continue().catch(() => undefined); // called off meanwhile
    });
    await slider(page).focus();
    const head = await seqOf(page);
    for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowLeft');
    release();
    await expect
      .poll(() => page.locator('.pin').textContent())
      .toContain(`event ${(head - 25).toLocaleString('en-GB')} of`);
    await page.locator('.messages:not(.is-loading)').waitFor();
    const expected = (await asOf(page, head - 25)).messages.at(-1)?.text ?? '';
    expect(await messages(page).getByRole('listitem').last().textContent()).toContain(expected);
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('stays in the past while the present goes on', async () => {
    const [ada, ben] = await Promise.all([lookAs(stage, 'Ada'), lookAs(stage, 'Ben')]);
    await slider(ada).focus();
    await ada.keyboard.press('PageDown');
    await banner(ada).waitFor();
    await write(ben, 'Meanwhile, in the present');
    await messageWith(ben, 'Meanwhile, in the present').waitFor();
    await ada.locator('.messages:not(.is-loading)').waitFor();
    expect(await messages(ada).getByText('Meanwhile, in the present').count()).toBe(0);
    await ada.getByRole('button', { name: 'Back to now' }).click();
    await messageWith(ada, 'Meanwhile, in the present').waitFor();
  });

  it('has an address for the moment, by seq and by time', async () => {
    const page = await lookAs(stage, 'Ada', { hash: `#/chat/${stage.demo.chatId}?asOf=40` });
    await expect.poll(() => seqOf(page)).toBe(40);
    await slider(page).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.url()).toContain('asOf=41');
    await page.reload();
    await expect.poll(() => seqOf(page)).toBe(41);
    await page.goto(`${stage.server.http}/#/chat/${stage.demo.chatId}?asOf=2004-12-25T09:30:00.000Z`);
    await expect.poll(() => seqOf(page)).toBeGreaterThan(41);
    await banner(page).getByText('2004').waitFor();
  });
});

describe('play', () => {
  it('makes it happen again from the chosen moment, and ends in the present', async () => {
    const page = await lookAs(stage, 'Ben');
    const head = await seqOf(page);
    await page.getByRole('radio', { name: 'max' }).check();
    await slider(page).focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('PageDown');
    await banner(page).waitFor();
    const from = await seqOf(page);
    expect(from).toBeLessThan(head);
    await page.getByRole('button', { name: 'Play' }).click();
    await banner(page).waitFor({ state: 'detached' });
    expect(await seqOf(page)).toBe(head);
    await messageWith(page, 'Edits are events too').waitFor();
  });

  it('keeps a pace, pauses, goes on, and lets itself be moved', async () => {
    const page = await lookAs(stage, 'Cleo', { hash: `#/chat/${stage.demo.chatId}?asOf=20` });
    await expect.poll(() => seqOf(page)).toBe(20);
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => seqOf(page)).toBeGreaterThan(22);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Play' }).waitFor();
    await slider(page).focus();
    await page.keyboard.press('Home');
    await expect.poll(() => seqOf(page)).toBe(0);
    await messages(page).getByText('Nothing had been said yet.').waitFor();
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => messages(page).getByRole('listitem').count()).toBeGreaterThan(1);
    const seq = await seqOf(page);
    const shown = await messages(page).locator('.message').count();
    const expected = (await asOf(page, seq)).messages.length;
    expect(shown).toBeGreaterThanOrEqual(expected);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await banner(page).waitFor({ state: 'detached' });
  });
});

/** The page of messages as the server gives it, with the token of the browser's page. */
async function asOf(page: Page, seq: number): Promise<{ messages: { text: string }[] }> {
  const session = await page.evaluate<string>(`sessionStorage.getItem('hindsight.session')`);
  const { accessToken } = JSON.parse(session) as { accessToken: string };
  const url = `${stage.server.http}/v1/chats/${stage.demo.chatId}/messages?asOf=${seq}&limit=200`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
  return (await answer.json()) as { messages: { text: string }[] };
}
