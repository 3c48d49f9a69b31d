import type { Commands } from '../commands/index.ts';
import { createParkedAdmin, type ParkedAdmin } from '../projections/index.ts';
import type { ParkedSource } from './server/engine.ts';

/** What operators do about parked chats, whoever has the views. */
export const openParkedAdmin = (
  { list, ask, viewsOf }: ParkedSource,
  { commands, epoch }: { commands: Pick<Commands, 'recordOps'>; epoch: string },
): ParkedAdmin =>
  createParkedAdmin({
    parking: { list, ask },
    viewsOf,
    epoch,
    decide: (actor, skip) => commands.recordOps({ actor, area: 'parked', type: 'EventSkipped', data: { ...skip } }),
  });

/** Embedded each view follows the log for itself. */
export const viewItself = (group: string): readonly string[] => [group];
