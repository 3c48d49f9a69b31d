import type { VNode } from 'preact';
import { timeAround } from '../state/activity.ts';
import { connection } from '../state/client.ts';
import { asOf, firstSeq, headSeq, loading, past } from '../state/past.ts';
import { pausePlay, play, playing, SPEEDS, type Speed, seek, setSpeed, speed } from '../state/player.ts';
import { formatCount, formatMoment } from './format.ts';
import { Sparkline } from './sparkline.tsx';

/** The slider over a chat's life: every step is one event. */
export function TimeBar(): VNode {
  const now = asOf.value === null;
  const value = asOf.value ?? headSeq.value;
  const first = firstSeq.value;
  const label = now ? 'Now' : momentAt(value);
  return (
    <section class={`time-bar ${now ? '' : 'is-past'}`} aria-label="Time travel">
      <PlayButton />
      <div class="track">
        <Sparkline />
        <Bubble
          share={headSeq.value > first ? (value - first) / (headSeq.value - first) : 1}
          label={label}
          seq={value}
          now={now}
        />
        <input
          type="range"
          min={first}
          max={headSeq.value}
          step={1}
          value={value}
          aria-label="Moment of the conversation"
          aria-valuetext={
            now
              ? `Now, event ${formatCount(value)}`
              : `${label}, event ${formatCount(value)} of ${formatCount(headSeq.value)}`
          }
          onInput={(event) => seek(event.currentTarget.valueAsNumber)}
        />
      </div>
      <Speeds />
    </section>
  );
}

/** The exact time where it is known, else about when. */
function momentAt(seq: number): string {
  const page = past.value;
  if (page && !loading.value && page.asOf.seq === seq)
    return page.asOf.at === null ? 'Before the beginning' : formatMoment(page.asOf.at);
  const around = timeAround(seq);
  return around === null ? '…' : formatMoment(around);
}

function Bubble({ share, label, seq, now }: { share: number; label: string; seq: number; now: boolean }): VNode {
  return (
    <output class="bubble" style={{ '--share': share }} aria-hidden="true">
      <b>{label}</b>
      {!now && <span>#{formatCount(seq)}</span>}
    </output>
  );
}

function PlayButton(): VNode {
  const running = playing.value === 'yes';
  return (
    <button
      type="button"
      class="play"
      aria-label={running ? 'Pause' : 'Play'}
      title={
        running ? 'Pause' : asOf.value === null ? 'Watch it happen from the beginning' : 'Watch it happen from here'
      }
      disabled={connection.value !== 'open' || headSeq.value === 0}
      onClick={() => (running ? pausePlay() : void play())}
    >
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path d={running ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5l11 7-11 7z'} fill="currentColor" />
      </svg>
    </button>
  );
}

function Speeds(): VNode {
  const label = (choice: Speed): string => (choice === 0 ? 'max' : `${choice}×`);
  return (
    <fieldset class="speeds">
      <legend class="hidden-text">Speed</legend>
      {SPEEDS.map((choice) => (
        <label key={choice} class={speed.value === choice ? 'is-chosen' : ''}>
          <input
            type="radio"
            name="speed"
            value={choice}
            checked={speed.value === choice}
            onChange={() => setSpeed(choice)}
          />
          {label(choice)}
        </label>
      ))}
    </fieldset>
  );
}
