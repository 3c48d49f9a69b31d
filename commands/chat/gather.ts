import type { RecordedEvent } from '../../events/event-store.ts';
import { chatStream, revisionOf } from '../../events/streams.ts';
import type { ChatCommand } from '../api.ts';
import type { MissingUsers } from '../user/known-users.ts';
import { type Facts, isTooMany } from './decide.ts';
import { isNew } from './id-window.ts';
import { type Asked, type LookUpDeps, lookUp } from './look-up.ts';
import { happened } from './read.ts';
import type { First } from './repeat.ts';
import { type ChatState, reactorKey, roleOf } from './state.ts';

/** What a batch needs beyond the state, as of its head. */
export interface Gathered extends Facts {
  /** The first events of the commands' ids that were used before, by seq. */
  readonly firsts: ReadonlyMap<number, First>;
  /** Ids that lie before the window → seq of their first event. */
  readonly seqs: ReadonlyMap<string, number>;
}

export interface GatherDeps extends LookUpDeps {
  readonly missingUsers: MissingUsers;
}

const NOBODY: ReadonlySet<string> = new Set();
const NO_SEQS: ReadonlyMap<string, number> = new Map();
const NO_FIRSTS: ReadonlyMap<number, First> = new Map();

/**
 * Puts at hand what the commands ask for and the state does not hold; nothing at all for fresh commands about recent
 * messages. null where the lookup knows more than the state: catch up, then gather again.
 */
export async function gather(
  state: ChatState,
  commands: readonly ChatCommand[],
  deps: GatherDeps,
): Promise<Gathered | null> {
  const asked = whatToLookUp(state, commands);
  const looked = asked && (await lookUp(state, asked, deps));
  if (looked === null && asked) return null;
  const seqs = looked?.seqs ?? NO_SEQS;
  return {
    seqs,
    unavailable: looked?.unavailable ?? NOBODY,
    firsts: await readFirsts(state, commands, { seqs, deps }),
    missingUsers: await findMissing(state, commands, deps),
  };
}

/** The seq of the first event that the command's id led to, where it is known. */
export function knownSeq(
  state: ChatState,
  command: ChatCommand,
  seqs: ReadonlyMap<string, number>,
): number | undefined {
  if (command.type === 'start-chat') return state.head.seq > 0 ? 1 : undefined;
  return state.ids.seqs.get(command.commandId) ?? seqs.get(command.commandId);
}

function whatToLookUp(state: ChatState, commands: readonly ChatCommand[]): Asked | null {
  let asked: Asked | null = null;
  if (state.head.seq === 0) return null;
  for (const command of commands) {
    if (command.type === 'start-chat') continue;
    const known = state.ids.seqs.has(command.commandId);
    const old = !known && !isNew(state.ids, command.commandId);
    const target = known || !mayAct(state, command.actor, commands) ? null : missingTarget(state, command);
    if (!old && target === null) continue;
    asked ??= { ids: new Set(), targets: new Set(), reactions: [] };
    if (old) asked.ids.add(command.commandId);
    if (target === null) continue;
    asked.targets.add(target);
    if (command.type === 'react' || command.type === 'unreact') {
      asked.reactions.push({ messageId: target, userId: command.actor, emoji: command.emoji });
    }
  }
  return asked;
}

/** Whether a user is a member, or may be one by the time their command is decided. */
const mayAct = (state: ChatState, userId: string, commands: readonly ChatCommand[]): boolean =>
  roleOf(state, userId) !== null || commands.some((other) => other.type === 'put-member' && other.userId === userId);

/** The message that the command names, where it exists or may exist and is not (wholly) at hand. */
function missingTarget(state: ChatState, command: ChatCommand): string | null {
  const id = command.type === 'send' ? command.replyTo : 'messageId' in command ? command.messageId : undefined;
  if (id === undefined) return null;
  const message = state.messages.get(id);
  if (!message) return isNew(state.ids, id) ? null : id;
  if (message.complete || (command.type !== 'react' && command.type !== 'unreact')) return null;
  return message.reactors.has(reactorKey(command.emoji, command.actor)) ? null : id;
}

/** A start is refused for the first that is missing, so one of each will do; a start of too many is refused anyway. */
async function findMissing(
  state: ChatState,
  commands: readonly ChatCommand[],
  { missingUsers }: GatherDeps,
): Promise<ReadonlySet<string>> {
  const added: string[] = [];
  const missing: ReadonlySet<string>[] = [];
  for (const command of commands) {
    if (command.type === 'put-member' && roleOf(state, command.userId) === null) added.push(command.userId);
    const starts = command.type === 'start-chat' && state.head.seq === 0 && !isTooMany(command.members);
    if (starts) missing.push(await missingUsers(command.members, 'some'));
  }
  if (added.length > 0) missing.push(await missingUsers(added, 'all'));
  return missing.length === 0 ? NOBODY : new Set(missing.flatMap((some) => [...some]));
}

async function readFirsts(
  state: ChatState,
  commands: readonly ChatCommand[],
  { seqs, deps }: { seqs: ReadonlyMap<string, number>; deps: GatherDeps },
): Promise<ReadonlyMap<number, First>> {
  const wanted = new Set<number>();
  for (const command of commands) {
    const seq = knownSeq(state, command, seqs);
    if (seq !== undefined) wanted.add(seq);
  }
  if (wanted.size === 0) return NO_FIRSTS;
  const stream = chatStream(state.chatId);
  const read = async (seq: number): Promise<[number, First]> => {
    const [event] = await deps.store.readStream(stream, { from: revisionOf(seq), limit: 1 });
    if (!event) throw new Error(`${stream}: event ${seq} of ${state.head.seq} is not there`);
    return [seq, firstOf(event)];
  };
  return new Map(await Promise.all([...wanted].map(read)));
}

const firstOf = (event: RecordedEvent): First => ({ ...happened(event), position: event.position });
