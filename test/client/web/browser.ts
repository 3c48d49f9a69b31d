import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';

export interface Demo {
  chatId: string;
  users: { username: string; password: string; displayName: string }[];
}

/** A demo server of its own and a browser to look at it. */
export interface Stage {
  server: ServerProcess;
  demo: Demo;
  browser: Browser;
  /** A page in a fresh profile; what goes wrong in it is kept in `troubles`. */
  page(): Promise<Page>;
  troubles: string[];
  close(): Promise<void>;
}

export interface StageOptions {
  demo?: boolean;
  /** What the page is served by, where it is not a demo server started for it. */
  start?: () => Promise<ServerProcess>;
  /** How long a page may take for what is asked of it. */
  patienceMs?: number;
}

export async function openStage({ demo: isDemo = true, start, patienceMs }: StageOptions = {}): Promise<Stage> {
  // `npm test` looks for one and names it here.
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const [server, browser] = await Promise.all([
    start?.() ?? startServerProcess({ env: { HINDSIGHT_DEMO: String(isDemo) } }),
    chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
  ]);
  const about = await fetch(`${server.http}/demo.json`);
  const demo = about.ok ? ((await about.json()) as Demo) : { chatId: '', users: [] };
  const troubles: string[] = [];
  const contexts: BrowserContext[] = [];
  return {
    server,
    demo,
    browser,
    troubles,
    async page() {
      const context = await browser.newContext({
        viewport: { width: 1180, height: 760 },
        locale: 'en-GB',
        timezoneId: 'UTC',
      });
      contexts.push(context);
      const page = await context.newPage();
      if (patienceMs !== undefined) page.setDefaultTimeout(patienceMs);
      page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
      page.on('console', (message) => message.type() === 'error' && troubles.push(`console: ${message.text()}`));
      page.on('dialog', (dialog) => {
        troubles.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      return page;
    },
    async close() {
      for (const context of contexts) await context.close();
      await browser.close();
      await server.stop();
    },
  };
}

/** Opens the page as one of the demo's people, at the demo's conversation. */
export async function lookAs(stage: Stage, who: string, at: { hash?: string; page?: Page } = {}): Promise<Page> {
  const page = at.page ?? (await stage.page());
  await page.goto(`${stage.server.http}/${at.hash ?? ''}`);
  await page.getByRole('button', { name: `Continue as ${who}` }).click();
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await slider(page).waitFor();
  return page;
}

/** A page whose WebSocket can be cut, and kept from coming back until it is mended. */
export async function cuttable(stage: Stage): Promise<{ page: Page; cut(): void; mend(): void }> {
  const page = await stage.page();
  let whole = true;
  let end = (): Promise<void> => Promise.resolve();
  await page.routeWebSocket(/\/v1\/ws$/, (client) => {
    if (!whole) return void client.close({ code: 4503, reason: 'cut' });
    const server = client.connectToServer();
    end = async () => {
      await server.close();
      await client.close({ code: 4503, reason: 'cut' });
    };
  });
  return {
    page,
    cut: () => {
      whole = false;
      void end();
    },
    mend: () => {
      whole = true;
    },
  };
}

/** A page that hears of events only once they are let through; all else comes as it would. */
export async function late(stage: Stage): Promise<{ page: Page; letThrough(): void }> {
  const page = await stage.page();
  let held: (() => void)[] | null = [];
  await page.routeWebSocket(/\/v1\/ws$/, (client) => {
    const server = client.connectToServer();
    server.onMessage((message) => {
      const pass = (): void => client.send(message);
      if (held && message.includes('"ev":"event"')) held.push(pass);
      else pass();
    });
  });
  return {
    page,
    letThrough: () => {
      const passes = held ?? [];
      held = null;
      for (const pass of passes) pass();
    },
  };
}

export const PASSWORD = 'a long enough password';

/** A fresh page, signed in with a new account. */
export async function register(stage: Stage, username: string, displayName: string): Promise<Page> {
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

/** Starts a conversation of two with somebody who is found by name. */
export async function startWith(page: Page, { username, displayName }: { username: string; displayName: string }) {
  await page.getByText('New conversation').click();
  await page.getByRole('searchbox', { name: 'People' }).fill(username);
  await page.getByRole('button', { name: `Add ${displayName} @${username}` }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('heading', { name: displayName }).waitFor();
}

export const slider = (page: Page): Locator => page.getByRole('slider', { name: 'Moment of the conversation' });
export const banner = (page: Page): Locator => page.getByRole('region', { name: 'The past' });
export const messages = (page: Page): Locator => page.getByRole('log', { name: 'Messages' });
export const messageWith = (page: Page, text: string): Locator =>
  messages(page).getByRole('listitem').filter({ hasText: text });

export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}
