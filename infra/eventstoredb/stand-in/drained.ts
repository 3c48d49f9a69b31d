interface Drains {
  on(event: 'drain' | 'close' | 'cancelled', listener: () => void): unknown;
  off(event: 'drain' | 'close' | 'cancelled', listener: () => void): unknown;
}

/** Until the call takes more, or is over. */
export function drained(call: Drains): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) call.off(event, done);
      resolve();
    };
    for (const event of EVENTS) call.on(event, done);
  });
}

const EVENTS = ['drain', 'close', 'cancelled'] as const;
