import type { Profile } from '../../commands/index.ts';
import { type Outcome, rejected } from '../../events/error-codes.ts';
import { isFromTheFuture } from '../../events/ids.ts';
import type { Principal } from './api.ts';
import type { AuthParts } from './parts.ts';
import { passwordFault } from './passwords.ts';

interface Change {
  oldPassword: string;
  newPassword: string;
  commandId: string;
}

/**
 * The secret changes first, then the log is told. A repeat after a failure in between finds its own command beside the
 * hash and only tells the log; it need not know the old password, which is gone, but must know the new one.
 */
export async function changePassword(
  { accounts, commands, passwords, clock }: AuthParts,
  { userId, sessionId }: Principal,
  { oldPassword, newPassword, commandId }: Change,
): Promise<Outcome<Profile>> {
  const profile = await commands.profile(userId);
  const fault = passwordFault(newPassword, profile?.username ?? null);
  if (fault !== null) {
    return rejected('bad-request', `newPassword ${fault}`, { errors: [{ path: 'newPassword', message: fault }] });
  }
  const credential = await accounts.credential(userId);
  const repeat = credential?.changedBy === commandId;
  if (!(await passwords.matches(credential?.hash ?? null, repeat ? newPassword : oldPassword))) {
    return repeat
      ? rejected('command-id-reused', 'the Idempotency-Key was used for another change')
      : rejected('bad-credentials', 'the old password is wrong');
  }
  if (!repeat) {
    // The log would refuse it when the secret has changed already.
    if (isFromTheFuture(commandId, clock())) {
      return rejected(
        'id-from-the-future',
        'the time in the Idempotency-Key lies more than 2 minutes ahead of the server',
      );
    }
    const hash = await passwords.hash(newPassword);
    await accounts.changePassword({ userId, hash, commandId, keep: sessionId, at: clock() });
  }
  return commands.passwordChanged({ userId, commandId });
}
