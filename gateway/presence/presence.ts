import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import type { GatewayLogger } from '../context.ts';
import type { Signal, Signals } from '../signals/port.ts';
import { presenceFrame } from '../ws/frames.ts';
import { createGate } from '../ws/gate.ts';
import { type Circles, createCircles } from './circles.ts';
import { LOOK_AFTER_MS, LOOK_RETRY_MS, PRESENCE_WAIT_MS } from './limits.ts';
import type { ChatMove } from './moves.ts';
import { createOnline, type Online, type OnlineOptions } from './online.ts';
import { look, type SightOptions } from './sight.ts';
import { createTargets, RENEW_PART_MS, type Targets } from './targets.ts';
import { createWatcher, maySee, type Viewer, type Watcher } from './watcher.ts';

type Answer = Outcome<{ online: Record<UserId, boolean> }>;

/** Who is online, told to those who may know: those who share a small chat. */
export interface Presence {
  /** From now on this socket follows these users and no others. */
  watch(viewer: Viewer, userIds: readonly UserId[]): Promise<Answer>;
  /** A socket has opened; `first`: the user had none. */
  opened(userId: UserId, first: boolean): void;
  /** A socket has closed; `last`: the user has none left. */
  closed(viewer: Viewer, last: boolean): void;
  moved(move: ChatMove): void;
  /** Moves may have been missed. */
  missed(): void;
  received(signal: Extract<Signal, { kind: 'presence' | 'presence-watch' }>): void;
  close(): void;
}

export interface PresenceOptions extends OnlineOptions, Pick<SightOptions, 'told' | 'ready'> {
  readonly queries: SightOptions['queries'] & Parameters<typeof createCircles>[0];
  readonly signals: Signals;
  readonly logger: GatewayLogger;
}

interface State extends SightOptions {
  readonly logger: GatewayLogger;
  readonly watchers: Map<Viewer, Watcher>;
  readonly byUser: Map<UserId, Set<Watcher>>;
  readonly circles: Circles<Watcher>;
  readonly targets: Targets<Watcher>;
  readonly online: Online;
}

/** Reads of members at once, so that presence leaves room for the rest. */
const READS_AT_ONCE = 16;

export function createPresence(options: PresenceOptions): Presence {
  const { queries, signals, clock, told, ready, logger } = options;
  const state: State = {
    queries,
    told,
    ready,
    logger,
    watchers: new Map(),
    byUser: new Map(),
    circles: createCircles<Watcher>(queries, createGate(READS_AT_ONCE)),
    targets: createTargets<Watcher>(signals, clock),
    online: createOnline(options),
  };
  const timer = setInterval(() => {
    for (const userId of state.targets.renew()) heard(state, userId, false);
    state.online.sweep();
  }, RENEW_PART_MS);
  timer.unref();
  return {
    watch: (viewer, userIds) => watch(state, viewer, userIds),
    opened: (userId, first) => {
      if (first) state.online.came(userId);
    },
    closed(viewer, last) {
      forget(state, viewer);
      if (last) state.online.went(viewer.userId);
    },
    moved: (move) => moved(state, move),
    missed() {
      state.circles.forgetAll();
      for (const watcher of state.watchers.values()) lookSoon(state, watcher);
    },
    received(signal) {
      if (signal.kind === 'presence-watch') state.online.watched(signal.replySlot, signal.userIds);
      else heard(state, signal.userId, signal.online);
    },
    close() {
      clearInterval(timer);
      for (const viewer of state.watchers.keys()) forget(state, viewer);
      state.online.close();
    },
  };
}

/** One question of a socket after the other. */
function watch(state: State, viewer: Viewer, userIds: readonly UserId[]): Promise<Answer> {
  const watcher = state.watchers.get(viewer) ?? enlist(state, viewer);
  const answer = watcher.answered.then(() => answerTo(state, watcher, userIds));
  watcher.answered = answer.catch(() => undefined); // the failure is this question's answer, not the next one's
  return answer;
}

async function answerTo(state: State, watcher: Watcher, userIds: readonly UserId[]): Promise<Answer> {
  watcher.wanted = new Set(userIds);
  watcher.answering = true;
  try {
    let looked = await lookNow(state, watcher);
    while (looked.ok && looked.value === 'again') looked = await lookNow(state, watcher);
    if (!looked.ok) return looked;
    await heardOfAll(state, watcher);
  } finally {
    watcher.answering = false;
  }
  const { seen } = watcher;
  for (const userId of seen.keys()) seen.set(userId, state.targets.online(userId) === true);
  return accepted({ online: Object.fromEntries(userIds.map((userId) => [userId, seen.get(userId) === true])) });
}

function enlist(state: State, viewer: Viewer): Watcher {
  const watcher = createWatcher(viewer);
  state.watchers.set(viewer, watcher);
  const own = state.byUser.get(viewer.userId) ?? new Set();
  state.byUser.set(viewer.userId, own.add(watcher));
  return watcher;
}

function forget(state: State, viewer: Viewer): void {
  const watcher = state.watchers.get(viewer);
  if (!watcher) return;
  watcher.turn += 1;
  if (watcher.timer) clearTimeout(watcher.timer);
  for (const userId of watcher.seen.keys()) state.targets.unwatch(userId, watcher);
  for (const { chatId } of state.circles.of(watcher)) state.circles.leave(watcher, chatId);
  state.watchers.delete(viewer);
  const own = state.byUser.get(viewer.userId);
  if (own?.delete(watcher) && own.size === 0) state.byUser.delete(viewer.userId);
  watcher.heard();
}

/** Until something is known of everybody that it may see, but not for long. */
function heardOfAll({ targets }: State, watcher: Watcher): Promise<void> {
  const known = (): boolean => [...watcher.seen.keys()].every((userId) => targets.online(userId) !== null);
  if (known()) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      watcher.heard = () => undefined;
      resolve();
    };
    const timer = setTimeout(done, PRESENCE_WAIT_MS);
    watcher.heard = () => {
      if (known() || !watcher.viewer.socket.open) done();
    };
  });
}

/** Looks whom the watcher may see, and begins or ends to follow accordingly. */
async function lookNow(state: State, watcher: Watcher): Promise<Outcome<'done' | 'again'>> {
  if (watcher.timer) clearTimeout(watcher.timer);
  watcher.timer = null;
  const looked = await look(state, watcher);
  if (!watcher.viewer.socket.open) return rejected('unavailable', 'the socket has closed');
  if (!looked.ok) return looked;
  if (looked.value === null) return accepted('again');
  const { seen } = looked.value;
  for (const userId of watcher.seen.keys()) if (!seen.has(userId)) hide(state, watcher, userId);
  for (const userId of seen) show(state, watcher, userId);
  return accepted('done');
}

/** In the background: who may be seen is told when it is known. */
function lookSoon(state: State, watcher: Watcher, inMs = LOOK_AFTER_MS): void {
  watcher.timer ??= setTimeout(() => {
    watcher.timer = null;
    if (watcher.answering) return lookSoon(state, watcher);
    lookNow(state, watcher).then(
      (looked) => {
        const done = looked.ok ? looked.value === 'done' : !watcher.viewer.socket.open;
        if (!done) lookSoon(state, watcher, LOOK_RETRY_MS);
      },
      (error: unknown) => {
        state.logger.warn({ err: error }, 'who may be seen online could not be looked up; it is tried again');
        lookSoon(state, watcher, LOOK_RETRY_MS);
      },
    );
  }, inMs);
}

function show({ targets }: State, watcher: Watcher, userId: UserId): void {
  if (watcher.seen.has(userId)) return;
  watcher.seen.set(userId, false);
  targets.watch(userId, watcher);
  if (targets.online(userId) === true) tell(watcher, userId, true);
}

/** The last that is told of somebody who may be seen no longer; whether they are online is not said by it. */
function hide({ targets }: State, watcher: Watcher, userId: UserId): void {
  tell(watcher, userId, false);
  watcher.seen.delete(userId);
  targets.unwatch(userId, watcher);
}

function tell(watcher: Watcher, userId: UserId, online: boolean): void {
  if (watcher.answering || watcher.seen.get(userId) === online) return;
  const { outbox } = watcher.viewer;
  if (outbox.congested && online) return; // it is said again when it is asked for anew
  watcher.seen.set(userId, online);
  outbox.push(presenceFrame(userId, online), null);
}

function heard({ targets }: State, userId: UserId, online: boolean): void {
  if (!targets.heard(userId, online)) return;
  for (const watcher of targets.watchers(userId)) {
    tell(watcher, userId, online);
    watcher.heard();
  }
}

/** Before the event is pushed: whoever it makes invisible is told of for the last time. */
function moved(state: State, move: ChatMove): void {
  const { chatId, came, left } = move;
  for (const userId of left === null ? came : [left]) {
    for (const watcher of state.byUser.get(userId) ?? []) {
      watcher.turn += 1; // a look that is under way has begun with other chats
      if (left !== null) state.circles.leave(watcher, chatId);
      if (left !== null) hideInvisible(state, watcher);
      lookSoon(state, watcher);
    }
  }
  const entry = state.circles.moved(move);
  if (!entry) return;
  const { circle, watchers, lost, look: worthLooking } = entry;
  for (const watcher of watchers) {
    if (lost || (left !== null && watcher.seen.has(left))) hideInvisible(state, watcher);
    if (worthLooking) lookSoon(state, watcher);
    for (const userId of came)
      if (watcher.wanted.has(userId) && circle.members?.has(userId)) show(state, watcher, userId);
  }
}

/** By what is known at this moment; a look that follows may find them in another chat. */
function hideInvisible(state: State, watcher: Watcher): void {
  const circles = [...state.circles.of(watcher)];
  const hidden = [...watcher.seen.keys()].filter((userId) => !maySee(watcher, userId, circles));
  for (const userId of hidden) hide(state, watcher, userId);
  if (hidden.length > 0) lookSoon(state, watcher);
}
