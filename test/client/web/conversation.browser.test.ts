import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cuttable, late, lookAs, messages, messageWith, openStage, type Stage, write } from './browser.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.troubles.splice(0)).toEqual([]));

describe('a conversation on the page', () => {
  it('is there after one click, with its people and its latest words', async () => {
    const page = await lookAs(stage, 'Ada');
    await messageWith(page, 'Good morning! This conversation is from 2004').first().waitFor();
    await messageWith(page, 'Edits are events too').getByRole('button', { name: 'edited' }).waitFor();
    await messages(page).getByText('This message was deleted.').waitFor();
    expect(await page.getByRole('navigation', { name: 'Conversations' }).getByRole('listitem').count()).toBe(2);
  });

  it('shows others what one writes, edits, reacts to and deletes, as it happens', async () => {
    const [ada, ben] = await Promise.all([lookAs(stage, 'Ada'), lookAs(stage, 'Ben')]);
    await write(ada, 'Who has the key to the boat house?');
    const seen = messageWith(ben, 'Who has the key to the boat house?');
    await seen.waitFor();

    await ada.keyboard.press('ArrowUp');
    await write(ada, 'Who has the key to the boathouse?');
    await messageWith(ben, 'Who has the key to the boathouse?').getByRole('button', { name: 'edited' }).waitFor();

    const question = messageWith(ben, 'boathouse');
    await question.hover();
    await question.getByRole('button', { name: 'React', exact: true }).click();
    await question.getByRole('button', { name: 'React with 👀' }).click();
    await messageWith(ada, 'boathouse').getByRole('button', { name: '👀, 1 reaction' }).waitFor();
    await question.getByRole('button', { name: '👀, 1 reaction, one of them yours' }).click();
    await messageWith(ada, 'boathouse').getByRole('button', { name: '👀, 1 reaction' }).waitFor({ state: 'detached' });

    await question.hover();
    await question.getByRole('button', { name: 'Reply' }).click();
    await write(ben, 'I have, since Tuesday.');
    await messageWith(ada, 'I have, since Tuesday.')
      .getByRole('button', { name: /In reply to.*boathouse/ })
      .waitFor();

    const mine = messageWith(ada, 'Who has the key to the boathouse?').first();
    await mine.hover();
    await mine.getByRole('button', { name: 'Delete' }).click();
    await mine.getByRole('button', { name: 'Really delete' }).click();
    await messageWith(ben, 'a deleted message').waitFor();
    expect(await messages(ben).getByText('Who has the key to the boathouse?').count()).toBe(0);
  });

  it('lets one correct what one has just written, though it has not come back yet', async () => {
    const { page: ada, letThrough } = await late(stage);
    const ben = await lookAs(stage, 'Ben');
    await lookAs(stage, 'Ada', { page: ada });
    await write(ada, 'The ferry leaves at nine');
    await messageWith(ben, 'The ferry leaves at nine').waitFor();
    await messageWith(ada, 'The ferry leaves at nine').getByText('Sending…').waitFor();
    await ada.keyboard.press('ArrowUp');
    await write(ada, 'The ferry leaves at ten');
    await messageWith(ben, 'The ferry leaves at ten').getByRole('button', { name: 'edited' }).waitFor();
    letThrough();
    await messageWith(ada, 'The ferry leaves at ten').getByRole('button', { name: 'edited' }).waitFor();
    expect(await messages(ada).getByText('The ferry leaves').count()).toBe(1);
    expect(await messages(ben).getByText('The ferry leaves').count()).toBe(1);
  });

  it('tells that somebody is typing, until what they typed is there', async () => {
    const [ada, ben] = await Promise.all([lookAs(stage, 'Ada'), lookAs(stage, 'Ben')]);
    await ada.getByRole('textbox', { name: 'Message' }).pressSequentially('Hear');
    const line = ben.getByText(/^Ada.* is typing…$/);
    await line.waitFor();
    expect(await ada.getByText('is typing…').count()).toBe(0);
    await write(ada, 'Hear, hear');
    await messageWith(ben, 'Hear, hear').waitFor();
    await line.waitFor({ state: 'detached' });
  });

  it('counts what is unread elsewhere, until it is opened', async () => {
    const [ada, ben] = await Promise.all([lookAs(stage, 'Ada'), lookAs(stage, 'Ben')]);
    const tea = ben.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: /Tea kitchen/ });
    await tea.getByText('1 unread').waitFor();
    await ada
      .getByRole('navigation', { name: 'Conversations' })
      .getByRole('button', { name: /Tea kitchen/ })
      .click();
    await write(ada, 'The kettle is on.');
    await tea.getByText('2 unread').waitFor();
    await tea.click();
    await messageWith(ben, 'The kettle is on.').waitFor();
    await tea.getByText('unread').waitFor({ state: 'detached' });
    await ben.reload();
    await ben
      .getByRole('navigation', { name: 'Conversations' })
      .getByRole('button', { name: /Tea kitchen/ })
      .waitFor();
    expect(await tea.getByText('unread').count()).toBe(0);
  });

  it('comes back by itself, with what was written meanwhile in both directions', async () => {
    const [wire, ben] = [await cuttable(stage), await lookAs(stage, 'Ben')];
    const ada = await lookAs(stage, 'Ada', { page: wire.page });
    wire.cut();
    await ada.getByText('Reconnecting…').waitFor();
    await write(ada, 'Written without a connection');
    await messageWith(ada, 'Written without a connection').getByText('Sending…').waitFor();
    await write(ben, 'Said while Ada was away');
    await messageWith(ben, 'Said while Ada was away').waitFor();
    wire.mend();
    await messageWith(ada, 'Said while Ada was away').waitFor();
    await messageWith(ben, 'Written without a connection').waitFor();
    await messageWith(ada, 'Written without a connection').getByText('Sending…').waitFor({ state: 'detached' });
    expect(await messageWith(ada, 'Written without a connection').count()).toBe(1);
  });

  it('loads older messages and stays where one was reading', async () => {
    const page = await lookAs(stage, 'Cleo');
    const before = await messages(page).getByRole('listitem').count();
    await page.getByRole('button', { name: 'Older messages' }).click();
    await expect.poll(() => messages(page).getByRole('listitem').count()).toBeGreaterThan(before + 30);
    expect(await messages(page).evaluate((box) => box.scrollTop)).toBeGreaterThan(500);
  });
});

/** Words that want to be more than words. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(2)">',
  '"><svg onload=alert(3)>',
  'javascript:alert(4)',
  '[click](javascript:alert(5))',
  '<a href="data:text/html,<script>alert(6)</script>">x</a>',
  'https://example.org/"onmouseover="alert(7)',
  '{{constructor.constructor("alert(8)")()}}',
  '\u202Egnp.exe <style>*{display:none}</style>',
  '&lt;script&gt;alert(9)&lt;/script&gt;',
];

describe('hostile words', () => {
  it('stay words: in messages, titles, previews and edits', async () => {
    const [ada, ben] = await Promise.all([lookAs(stage, 'Ada'), lookAs(stage, 'Ben')]);
    for (const text of HOSTILE) await write(ada, text);
    for (const text of HOSTILE) await messages(ben).getByText(text, { exact: true }).first().waitFor();
    await ada.getByText('New conversation').click();
    await ada.getByRole('textbox', { name: 'Title' }).fill('<img src=x onerror=alert(10)>');
    await ada.getByRole('button', { name: 'Start' }).click();
    await ada.getByRole('heading', { name: '<img src=x onerror=alert(10)>' }).waitFor();
    const inside = await messages(ben).evaluate((box) => ({
      active: box.querySelectorAll('script, img, svg, iframe, style, object, embed, [onerror], [onload], [onmouseover]')
        .length,
      links: [...box.querySelectorAll('a')].map(({ protocol, rel }) => ({ protocol, rel })),
    }));
    expect(inside.active).toBe(0);
    expect(inside.links.length).toBeGreaterThan(0);
    for (const { protocol, rel } of inside.links) {
      expect(['http:', 'https:']).toContain(protocol);
      expect(rel).toBe('noopener noreferrer nofollow');
    }
  });
});
