import { Presets, SingleBar } from 'cli-progress';

/** Progress of long work on standard error: a bar with rate and ETA on a terminal, a plain line now and then elsewhere. */
export interface Progress {
  /** `etaS`: where whoever works knows better than the pace since the beginning tells; null: it knows that it does not. */
  update(done: number, etaS?: number | null): void;
  stop(): void;
}

const PLAIN_EVERY_MS = 2_000;
const UNKNOWN = 'not known yet';

export function progress(label: string, total: number, unit: string): Progress {
  return process.stderr.isTTY ? bar(label, total, unit) : plainLines(label, total, unit);
}

/** One bar after another, one for each phase of a long work. */
export interface Phases {
  update(phase: string, done: number, total: number): void;
  stop(): void;
}

export function barPerPhase(unit: string): Phases {
  let current: { phase: string; bar: Progress } | null = null;
  const stop = (): void => {
    current?.bar.stop();
    current = null;
  };
  return {
    stop,
    update(phase, done, total) {
      if (current?.phase !== phase) {
        stop();
        current = { phase, bar: progress(phase, total, unit) };
      }
      current.bar.update(done);
    },
  };
}

function bar(label: string, total: number, unit: string): Progress {
  const started = Date.now();
  const view = new SingleBar(
    {
      format: `${label} {bar} {percentage}% | {value}/{total} ${unit} | {rate}/s | ETA {eta}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: false,
    },
    Presets.shades_classic,
  );
  view.start(total, 0, { rate: '-', eta: UNKNOWN });
  return {
    update(done, etaS) {
      const rate = rateSince(started, done);
      view.update(done, { rate, eta: etaText(etaS, { rate, left: total - done }) });
    },
    stop: () => view.stop(),
  };
}

function plainLines(label: string, total: number, unit: string): Progress {
  const started = Date.now();
  let said = started;
  let last = 0;
  let lastEtaS: number | null | undefined;
  const say = (done: number): void => {
    const rate = rateSince(started, done);
    const eta = etaText(lastEtaS, { rate, left: total - done });
    process.stderr.write(`${label}: ${done} of ${total} ${unit}, ${rate}/s, ETA ${eta}\n`);
  };
  return {
    update(done, etaS) {
      last = done;
      lastEtaS = etaS;
      if (Date.now() - said < PLAIN_EVERY_MS) return;
      said = Date.now();
      say(done);
    },
    stop: () => say(last),
  };
}

const rateSince = (started: number, done: number): number =>
  Math.round(done / Math.max(0.001, (Date.now() - started) / 1_000));

function etaText(etaS: number | null | undefined, { rate, left }: { rate: number; left: number }): string {
  if (left <= 0) return '0 s';
  if (etaS !== undefined) return etaS === null ? UNKNOWN : `${etaS} s`;
  return rate === 0 ? UNKNOWN : `${Math.ceil(left / rate)} s`;
}
