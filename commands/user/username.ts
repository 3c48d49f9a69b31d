import { decodeToDecide } from '../../events/codec.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import { usernameStream, userStream } from '../../events/streams.ts';
import { handleStream, type StreamDeps } from '../handle-stream.ts';

interface Reservation {
  readonly userId: UserId;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether the user behind it came to be. */
  readonly used: boolean;
}

/**
 * How long a reservation without a user keeps others away. A program that stopped between the two streams leaves one;
 * it may be finished by the same user id at any time, and by another after this, which is far longer than a command lasts.
 */
const RESERVATION_STAYS_MS = 600_000;

/** Reserves a name for a user. A name that is reserved for the same user already stands. */
export async function reserveUsername(
  command: { username: string; userId: UserId; commandId: string },
  deps: StreamDeps,
): Promise<Outcome<Reservation | null>> {
  const { username, userId, commandId } = command;
  const standing = await readReservation(username, deps);
  return handleStream<Reservation | null>(
    {
      stream: usernameStream(username),
      actor: userId,
      commandId,
      read: 'last',
      initial: null,
      evolve: (_, { data, metadata }) => ({ ...(data as { userId: UserId }), at: metadata.at, used: true }),
      decide: (last) => {
        if (last?.userId === userId) return accepted([]);
        const abandoned =
          standing !== null &&
          last?.userId === standing.userId &&
          !standing.used &&
          deps.clock() - last.at > RESERVATION_STAYS_MS;
        if (last && !abandoned) return rejected('username-taken', `the name ${username} is taken`);
        return accepted([{ type: 'UsernameReserved', data: { userId } }]);
      },
    },
    deps,
  );
}

/** The last reservation of a name. */
export async function readReservation(
  username: string,
  { store }: Pick<StreamDeps, 'store'>,
): Promise<Reservation | null> {
  const [last] = await store.readStream(usernameStream(username), { direction: 'backwards', limit: 1 });
  if (!last) return null;
  const { data, metadata } = decodeToDecide(last);
  const { userId } = data as { userId: UserId };
  const [first] = await store.readStream(userStream(userId), { limit: 1 });
  // A user who failed to get this name may have registered under another since.
  const used =
    first !== undefined && (decodeToDecide(first).data as { username?: string | null }).username === username;
  return { userId, at: metadata.at, used };
}
