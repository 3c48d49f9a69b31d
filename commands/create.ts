import { type Outcome, rejected } from '../events/error-codes.ts';
import { StoreError } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import type { ChatAccess, ChatCommand, ChatReply, Commands } from './api.ts';
import { checkCommand } from './chat/check.ts';
import { notFound } from './chat/decide.ts';
import type { ChatState } from './chat/state.ts';
import type { Refusal } from './chat-writer.ts';
import { createChats } from './chats-in-memory.ts';
import { createGate } from './gate.ts';
import type { HandleDeps } from './handle.ts';
import type { StreamDeps } from './handle-stream.ts';
import { impatient } from './impatience.ts';
import type { CommandsDeps } from './ports.ts';
import { moveReceipts } from './receipts/index.ts';
import { recordOps } from './record-ops.ts';
import { systemTimer } from './system-timer.ts';
import { createUserCommands } from './user/index.ts';
import { createKnownUsers } from './user/known-users.ts';

/** The write side over its ports. Right by the event store alone; everything else only makes it faster. */
export function createCommands(given: CommandsDeps): Commands {
  const gate = createGate();
  const timer = given.timer ?? systemTimer;
  const background = (work: Promise<void>): void => void gate.pass(() => work);
  const ports = { ...given, ...impatient(given, timer) };
  const deps: HandleDeps & StreamDeps = {
    ...ports,
    timer,
    missingUsers: createKnownUsers(ports),
    closing: gate.closing,
    background,
  };
  const chats = createChats(deps);
  const look = (chatId: ChatId): Promise<Outcome<ChatState>> =>
    new Promise((resolve, reject) => {
      chats.writer(chatId).enqueue({ since: timer.now(), command: null, look: resolve, reject });
    });
  const chat = (command: ChatCommand): Promise<Outcome<ChatReply>> => {
    if (gate.closing()) return Promise.resolve(closing());
    const checked = checkCommand(command, deps.emoji);
    if (!checked.ok) return Promise.resolve(checked);
    return new Promise((resolve, reject) => {
      const traced = withTrace(checked.value, deps.trace);
      chats.writer(command.chatId).enqueue({ since: timer.now(), command: traced, resolve, reject });
    });
  };
  const access = async (chatId: ChatId, userId: UserId): Promise<ChatAccess | null> => {
    const looked = await look(chatId);
    if (!looked.ok) throw new StoreError('unavailable', looked.rejection.detail);
    return accessOf(looked.value, userId);
  };
  const receipts: Commands['moveReceipts'] = async (move) => {
    const looked = await look(move.chatId);
    if (!looked.ok) return looked;
    const bounds = receiptBounds(looked.value, move.actor);
    return bounds ? moveReceipts(move, bounds, deps) : notFound();
  };
  const users = createUserCommands(deps);
  /** Refuses once closing, lets the closing wait before. */
  const guard =
    <C, T>(handle: (command: C) => Promise<Outcome<T>>) =>
    (command: C): Promise<Outcome<T>> =>
      gate.closing() ? Promise.resolve(closing()) : gate.pass(() => handle(command));

  return {
    chat,
    moveReceipts: guard(receipts),
    registerUser: guard(users.registerUser),
    renameUser: guard(users.renameUser),
    passwordChanged: guard(users.passwordChanged),
    setRoles: guard(users.setRoles),
    profile: (userId) => gate.pass(() => users.profile(userId)),
    userNamed: (username) => gate.pass(() => users.userNamed(username)),
    access: (chatId, userId) => gate.pass(() => access(chatId, userId)),
    recordOps: (entry) => gate.pass(() => recordOps(entry, deps)),
    async close() {
      const done = gate.close();
      await chats.idle();
      await done;
    },
  };
}

/** Taken down at once: commands of many callers are decided together later, in the context of one of them. */
function withTrace(command: ChatCommand, trace: CommandsDeps['trace']): ChatCommand {
  const traceparent = command.traceparent ?? trace?.();
  return traceparent === undefined ? command : { ...command, traceparent };
}

const closing = (): Refusal => rejected('unavailable', 'the server is shutting down', { retryAfterS: 1 });

function accessOf({ head, members }: ChatState, userId: UserId): ChatAccess | null {
  if (head.seq === 0) return null;
  const { kind, historyVisibility, pastContent, seq: headSeq } = head;
  const member = members.get(userId);
  const spans = (member?.spans ?? []).map((span) => ({ ...span }));
  return { kind, historyVisibility, pastContent, headSeq, role: member?.role ?? null, spans };
}

/** null for who is not a member. A mark begins at the latest coming, and own messages move it. */
function receiptBounds({ head, members, sent }: ChatState, userId: UserId): { least: number; headSeq: number } | null {
  const member = members.get(userId);
  if (!member || member.role === null) return null;
  return { least: Math.max(member.spans.at(-1)?.from ?? 0, sent.get(userId) ?? 0), headSeq: head.seq };
}
