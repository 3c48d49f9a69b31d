import { openSocket, type TestSocket } from '../../support/protocol-client.ts';

/** Well within what a gateway calls idle. */
const PING_EVERY_MS = 10_000;
/** The first ones wait until deliveries have taken their partitions. */
const ARRIVES_WITHIN_MS = 60_000;

/** A socket that stays, and tells when messages come. */
export interface LiveSocket extends Pick<TestSocket, 'request' | 'until' | 'close' | 'cut'> {
  /** Resolves, when the message has come, to that time in milliseconds since 1970. */
  arrival(messageId: string): Promise<number>;
}

/** This process's clock, in milliseconds since 1970. */
export const now = (): number => performance.timeOrigin + performance.now();

export async function openLive(url: string, token: string): Promise<LiveSocket> {
  const socket = await openSocket(url, token);
  const expected = new Map<string, { arrived: (at: number) => void; lost: (error: Error) => void }>();
  const pings = setInterval(() => void socket.request('ping').catch(() => undefined), PING_EVERY_MS);
  void socket.closed.then((code) => {
    clearInterval(pings);
    for (const { lost } of expected.values()) lost(new Error(`the socket was closed with ${code}`));
  });
  socket.onFrame(({ data }) =>
    expected.get((data as { messageId?: string } | undefined)?.messageId ?? '')?.arrived(now()),
  );
  return {
    request: socket.request,
    until: socket.until,
    close: socket.close,
    cut: socket.cut,
    arrival: (messageId) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(late);
          expected.delete(messageId);
        };
        const lost = (error: Error): void => {
          done();
          reject(error);
        };
        const late = setTimeout(() => lost(new Error(`${messageId} was not delivered`)), ARRIVES_WITHIN_MS);
        const arrived = (at: number): void => {
          done();
          resolve(at);
        };
        expected.set(messageId, { arrived, lost });
      }),
  };
}
