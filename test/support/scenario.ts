import { expect, test } from 'vitest';
import type { ErrorCode } from '../../events/error-codes.ts';
import { createWorld, facts, group, type Loose, run, type World } from './commands.ts';

/** Given what happened, when a command comes, then it is refused, changes nothing, or lets exactly these facts happen. */
export interface Scenario {
  readonly name: string;
  readonly settings?: { historyVisibility?: 'all' | 'since-join' };
  readonly given?: readonly Loose[];
  readonly when: Loose;
  readonly leadsTo: ErrorCode | 'nothing' | readonly { type: string; data: unknown }[];
}

export function scenarios(
  all: readonly Scenario[],
  start: (world: World, settings: Scenario['settings']) => Promise<void> = group,
): void {
  test.each(all)('$name', async ({ given = [], when, leadsTo, settings }) => {
    const world = createWorld();
    await start(world, settings);
    for (const command of given) expect(await run(world, command)).toMatchObject({ changed: true });
    const chatId = when.chatId;
    const before = (await facts(world, chatId)).length;
    const came = await run(world, when);
    const after = (await facts(world, chatId)).slice(before).map(({ type, data }) => ({ type, data }));
    if (typeof leadsTo === 'string' && leadsTo !== 'nothing') expect([came, after]).toEqual([leadsTo, []]);
    else if (leadsTo === 'nothing') expect([came, after]).toMatchObject([{ changed: false, seq: before }, []]);
    else expect([came, after]).toMatchObject([{ changed: true, repeated: false, seq: before + 1 }, leadsTo]);
    if (leadsTo !== 'nothing' && typeof leadsTo !== 'string') expect(after).toEqual(leadsTo);
  });
}
