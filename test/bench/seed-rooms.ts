import { randomBytes } from 'node:crypto';
import { dataFolder } from '../../bin/data-folder.ts';
import { openLog } from '../../bin/embedded/open-log.ts';
import { ids } from '../../bin/write-side.ts';
import { createAccessTokens } from '../../gateway/auth/access-tokens.ts';
import { openSigningKey } from '../../infra/disk/signing-key.ts';
import { openAccounts } from '../../infra/sqlite/accounts/accounts.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { inTurns } from './client-sockets.ts';

/** A group chat and an access token of each of its members, every one of a session of its own. */
export interface BenchRoom {
  chatId: string;
  tokens: string[];
}

const TOKEN_LIFETIME_S = 86_400;
/** Nobody signs in with it: hashing thousands of passwords would only be waited for. */
const NO_PASSWORD = 'never matches';

/** Groups and signed-in users in a data folder that no server has open, through the parts that a server is made of. */
export async function seedRooms(of: { folder: string; rooms: number; members: number }): Promise<BenchRoom[]> {
  const folder = dataFolder(of.folder);
  const log = await openLog({ file: folder.events });
  const accounts = await openAccounts(folder.accounts);
  const tokens = createAccessTokens({ key: openSigningKey(folder.root), clock: systemClock });

  async function signedIn(n: number): Promise<{ userId: string; token: string }> {
    const userId = ids.ulid();
    const commandId = ids.ulid();
    const username = `bench_${n}`;
    const user = await log.commands.registerUser({
      userId,
      username,
      displayName: username,
      password: true,
      commandId,
    });
    if (!user.ok) throw new Error(user.rejection.detail);
    await accounts.enrol({ userId, hash: NO_PASSWORD, commandId });
    const sessionId = ids.ulid();
    const at = systemClock();
    const session = { sessionId, userId, hash: NO_PASSWORD, refreshHash: randomBytes(32), at };
    await accounts.openSession({ ...session, refreshUntil: at + TOKEN_LIFETIME_S * 1_000 });
    return { userId, token: (await tokens.sign({ userId, sessionId, lifetimeS: TOKEN_LIFETIME_S })).token };
  }

  const users = await inTurns(Array.from({ length: of.rooms * of.members }), (_, n) => signedIn(n));
  const rooms = await inTurns(Array.from({ length: of.rooms }), async (_, n): Promise<BenchRoom> => {
    const [admin, ...others] = users.slice(n * of.members, (n + 1) * of.members);
    const chatId = ids.ulid();
    const started = await log.commands.chat({
      type: 'start-chat',
      actor: admin?.userId ?? '',
      chatId,
      commandId: chatId,
      kind: 'group',
      title: `bench ${n}`,
      members: others.map(({ userId }) => userId),
    });
    if (!started.ok) throw new Error(started.rejection.detail);
    return { chatId, tokens: [admin, ...others].map((user) => user?.token ?? '') };
  });
  await accounts.close();
  await log.close();
  return rooms;
}
