import { effect, signal } from '@preact/signals';
import type { Replay, ReplayEnd, SeenEvent } from '../../sdk/index.ts';
import { hindsight, tell } from './client.ts';
import { openChatId } from './conversation.ts';
import { asOf, backToNow, firstSeq, goTo, happen, headSeq, loadAt, past } from './past.ts';

/** 0 is as fast as it can be read. */
export const SPEEDS = [1, 10, 100, 0] as const;
export type Speed = (typeof SPEEDS)[number];

export const playing = signal<'no' | 'yes' | 'paused'>('no');
export const speed = signal<Speed>(10);

let replay: Replay | null = null;
/** The replay whose events count: another one has begun, or none, when this has moved on. */
let turn = 0;
let arrived: SeenEvent[] = [];
let drawing = false;
let seeking = false;
/** How the replay ended while a seek was on its way. */
let endedMeanwhile: ReplayEnd | null = null;
let played: string | null = null;

/** From the shown moment on; from the beginning where that is now. */
export async function play(): Promise<void> {
  const chatId = openChatId.value;
  if (chatId === null) return;
  if (playing.value === 'paused' && replay) return resume(replay);
  const mine = ++turn;
  playing.value = 'yes';
  try {
    // A load that follows the thumb may overtake this one: then the newer place counts. One that failed shows the present.
    while (!(await loadAt(asOf.value ?? firstSeq.value)) && mine === turn) if (asOf.value === null) return stop();
    if (mine !== turn) return;
    const from = past.value?.asOf.seq ?? 0;
    const started = await hindsight.travel.replay(
      { chatId, from, speed: speed.value },
      { event: (event) => mine === turn && take(event), end: (reason) => mine === turn && ended(reason) },
    );
    if (mine === turn && !started.ended) replay = started;
    else if (mine !== turn) started.stop().catch(() => undefined); // it ends with the connection at the latest
  } catch (error) {
    if (mine !== turn) return;
    stop();
    tell(error);
  }
}

export function pausePlay(): void {
  playing.value = 'paused';
  replay?.pause().catch(tell);
}

/** Ends the replay; the moment that is shown stays. */
export function stop(): void {
  turn++;
  replay?.stop().catch(() => undefined); // it ends with the connection at the latest
  replay = null;
  arrived = [];
  playing.value = 'no';
}

export function setSpeed(to: Speed): void {
  speed.value = to;
  if (playing.value === 'yes') replay?.resume(to).catch(tell);
}

/** The slider was moved: while playing, the replay goes on from there. */
export function seek(seq: number): void {
  if (playing.value === 'no' || !replay || seq >= headSeq.value) {
    stop();
    return goTo(seq);
  }
  asOf.value = seq;
  void seekLatest(replay);
}

/** One seek at a time, always to where the thumb is by then. */
async function seekLatest(current: Replay): Promise<void> {
  if (seeking) return;
  seeking = true;
  try {
    do {
      const target = asOf.value ?? 0;
      await current.seek(target);
      arrived = [];
      await loadAt(target);
    } while (current === replay && asOf.value !== null && asOf.value !== past.value?.asOf.seq);
  } catch {
    stop(); // it has ended by itself, or with the connection: the moment is shown all the same
    goTo(asOf.value ?? headSeq.value);
  } finally {
    seeking = false;
    if (endedMeanwhile !== null && current === replay) ended(endedMeanwhile);
    endedMeanwhile = null;
    draw();
  }
}

function resume(paused: Replay): void {
  playing.value = 'yes';
  paused.resume(speed.value).catch(tell);
}

function take(event: SeenEvent): void {
  arrived.push(event);
  draw();
}

/** All that came since the last frame at once: at full speed there are thousands a second. */
function draw(): void {
  if (drawing || seeking || arrived.length === 0) return;
  drawing = true;
  const frame = (): void => {
    drawing = false;
    if (seeking) return;
    const events = arrived;
    arrived = [];
    happen(events);
  };
  if (document.visibilityState === 'visible') requestAnimationFrame(frame);
  else setTimeout(frame, 200);
}

function ended(reason: ReplayEnd): void {
  if (seeking) {
    endedMeanwhile = reason;
    return;
  }
  happen(arrived);
  const whole = reason === 'end' && (past.value?.asOf.seq ?? 0) >= headSeq.value;
  stop();
  if (whole) backToNow();
  else if (reason === 'error' || reason === 'disconnected') tell('The replay was interrupted.');
}

effect(() => {
  if (openChatId.value === played) return;
  played = openChatId.value; // another chat: its past is not that of the one before
  stop();
  backToNow();
});
