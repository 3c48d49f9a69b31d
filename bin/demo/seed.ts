import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importChat } from '../../commands/index.ts';
import type { UserId } from '../../events/ids.ts';
import type { Auth } from '../../gateway/auth/api.ts';
import { ircDay } from '../../infra/formats/irc.ts';
import type { DataFolder } from '../data-folder.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { must } from './must.ts';
import { playScene } from './scene.ts';

/** What the demo made: the page signs in with it. Its passwords are random and of use on this machine only. */
export interface Demo {
  users: { username: string; displayName: string; password: string }[];
  /** The imported conversation. */
  chatId: string | null;
  title: string;
  /** A time inside it that is worth looking at. */
  asOf: string;
  attribution: string;
  /** False while it is being made: an interrupted seeding goes on at the next start. */
  complete: boolean;
  /** Command ids follow from it, so that nothing is made twice. */
  seed: string;
}

const EXCERPT = '2004-12-25.ubuntu.txt';
const TITLE = '#ubuntu, Christmas 2004';
const CAST = [
  { username: 'ada', displayName: 'Ada' },
  { username: 'ben', displayName: 'Ben' },
  { username: 'cleo', displayName: 'Cleo' },
];
const PASSWORD_BYTES = 12;

/** The demo of a data folder, null where it was started empty. */
export function readDemo(folder: DataFolder): Demo | null {
  return existsSync(folder.demo) ? (JSON.parse(readFileSync(folder.demo, 'utf8')) as Demo) : null;
}

/** Seeds a fresh log with a short real conversation and three users, or finishes doing so. */
export async function seedDemo(folder: DataFolder, deps: { log: OpenLog; auth: Auth }): Promise<Demo | null> {
  const demo = readDemo(folder) ?? ((await deps.log.store.head()) === 0 ? newDemo() : null);
  if (demo === null || demo.complete) return demo;
  writeDemo(folder, demo);
  const cast: UserId[] = [];
  for (const [index, { username, password, displayName }] of demo.users.entries()) {
    const commandId = demoId(demo, `register-${index}`);
    cast.push(must(await deps.auth.register({ username, password, displayName, commandId })).userId);
  }
  const day = ircDay(EXCERPT, readFileSync(join(PACKAGE_ROOT, 'bin', 'demo', EXCERPT)));
  if (day === null) throw new Error(`${EXCERPT} has no date in its name`);
  const { store, commands, clock } = deps.log;
  const report = must(
    await importChat({ store, commands, ids, clock }, { source: 'irc', title: TITLE, admins: cast, files: [day] }),
  );
  await playScene({ commands, chatId: report.chatId, cast, id: (step) => demoId(demo, step) });
  const done: Demo = { ...demo, chatId: report.chatId, complete: true };
  writeDemo(folder, done);
  return done;
}

function newDemo(): Demo {
  return {
    users: CAST.map((user) => ({ ...user, password: randomBytes(PASSWORD_BYTES).toString('base64url') })),
    chatId: null,
    title: TITLE,
    asOf: '2004-12-25T09:30:00.000Z',
    attribution:
      'From the public #ubuntu IRC logs, IRC disentanglement corpus (Kummerfeld et al., ACL 2019), CC BY 4.0.',
    complete: false,
    seed: ids.ulid(),
  };
}

/** A ULID of the seed's own time that follows from the step's name. */
function demoId(demo: Demo, step: string): string {
  const digest = ids.eventId(`demo-${demo.seed}`, step).replaceAll('-', '').toUpperCase();
  return demo.seed.slice(0, 10) + digest.slice(0, 16);
}

function writeDemo(folder: DataFolder, demo: Demo): void {
  const draft = `${folder.demo}.new`;
  writeFileSync(draft, JSON.stringify(demo, null, 2), { mode: 0o600 });
  renameSync(draft, folder.demo);
}
