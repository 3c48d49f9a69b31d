import { StoreError } from '../../events/event-store.ts';
import type { Connection } from './connection.ts';

const OPTIONS_PATH = '/info/options';
const OPTIONS_TIMEOUT_MS = 2_000;
/** What makes a server forget: events kept in memory only, or not flushed before they are acknowledged. */
const FORGETFUL = new Set(['memdb', 'unsafedisableflushtodisk']);

/**
 * Refuses a server that does not keep what it acknowledges. It tells its settings to administrators and operators only:
 * where it does not, its administrators must know.
 */
export async function assertDurable(connection: Pick<Connection, 'http'>): Promise<void> {
  const options = await connection.http(OPTIONS_PATH, OPTIONS_TIMEOUT_MS).catch(() => null);
  const forgetful = forgetfulOptions(options);
  if (forgetful.length > 0)
    throw new StoreError('unavailable', `the event store runs with ${forgetful.join(' and ')}: it would lose events`, {
      temporary: false,
    });
}

/** The names of the settings that are on and must not be. */
export function forgetfulOptions(options: unknown): string[] {
  if (!Array.isArray(options)) return [];
  return options.flatMap((option: unknown) => {
    if (typeof option !== 'object' || option === null || !('name' in option) || !('value' in option)) return [];
    const name = String(option.name);
    const on = String(option.value).toLowerCase() === 'true';
    return on && FORGETFUL.has(name.replaceAll(/[-_]/g, '').toLowerCase()) ? [name] : [];
  });
}
