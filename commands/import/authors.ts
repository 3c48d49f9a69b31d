import { versionOf } from '../../events/codec.ts';
import { plain } from '../../events/content.ts';
import type { Metadata } from '../../events/envelope.ts';
import { NO_STREAM } from '../../events/event-store.ts';
import type { UserId } from '../../events/ids.ts';
import { userStream } from '../../events/streams.ts';
import { appendKnown } from './append-known.ts';
import { derivedUlid } from './derived-ids.ts';
import type { PlannedFact } from './plan-line.ts';
import type { Run } from './run.ts';

/** Authors come into being before the events that name them; one that is there already is left as it is. */
export async function makeUsers(run: Run, facts: readonly PlannedFact[]): Promise<void> {
  const fresh = new Map<UserId, string>();
  for (const { actor, author } of facts) if (!run.knownUsers.has(actor)) fresh.set(actor, author);
  await Promise.all([...fresh].map(([userId, nick]) => makeUser(run, userId, nick)));
  for (const userId of fresh.keys()) run.knownUsers.add(userId);
}

async function makeUser(run: Run, userId: UserId, nick: string): Promise<void> {
  const commandId = derivedUlid(run.deps.ids, 0, { namespace: 'import-user-command', key: userId });
  const metadata: Metadata = {
    v: versionOf('UserRegistered'),
    actor: userId,
    at: run.deps.clock(),
    commandId,
    correlationId: run.importId,
  };
  const events = [
    {
      eventId: run.deps.ids.eventId(userStream(userId), commandId),
      type: 'UserRegistered',
      data: JSON.stringify({
        username: null,
        displayName: plain(nick.normalize('NFC')),
        password: false,
        source: run.request.source,
      }),
      metadata: JSON.stringify(metadata),
    },
  ];
  await appendKnown(run.deps.store, userStream(userId), { expected: NO_STREAM, events });
}
