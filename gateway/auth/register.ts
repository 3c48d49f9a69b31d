import { accepted, isRetryable, type Outcome, rejected } from '../../events/error-codes.ts';
import { newId } from '../new-id.ts';
import type { AuthParts } from './parts.ts';
import { passwordFault } from './passwords.ts';

interface Registration {
  username: string;
  password: string;
  displayName: string;
  commandId: string;
}

/**
 * The secret is kept before the user's events are written: after a crash between the two there is a hash without a
 * user, which harms nobody, and never a user who cannot sign in. The hash remembers the command, so a repeat finds
 * the same user id and goes on from wherever the first attempt stopped.
 */
export async function register(
  { accounts, commands, passwords }: AuthParts,
  { username, password, displayName, commandId }: Registration,
): Promise<Outcome<{ userId: string; username: string; displayName: string; repeated: boolean }>> {
  const fault = passwordFault(password, username);
  if (fault !== null) {
    return rejected('bad-request', `password ${fault}`, { errors: [{ path: 'password', message: fault }] });
  }
  const hash = await passwords.hash(password);
  const enrolment = await accounts.enrol({ userId: newId(), hash, commandId });
  // Once the password was changed there is nothing to compare with; the commands still compare the name.
  if (!enrolment.fresh && !enrolment.changed && !(await passwords.matches(enrolment.hash, password))) {
    return rejected('command-id-reused', 'the Idempotency-Key was used for another registration');
  }
  const outcome = await commands.registerUser({
    userId: enrolment.userId,
    username,
    displayName,
    password: true,
    commandId,
  });
  if (outcome.ok) {
    const { userId, username, displayName, repeated } = outcome.value;
    return accepted({ userId, username, displayName, repeated });
  }
  // Where the outcome may still come true, the secret stays for the repeat.
  if (enrolment.fresh && !isRetryable(outcome.rejection.code)) await accounts.withdraw(enrolment.userId);
  return outcome;
}
