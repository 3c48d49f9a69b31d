/** The part of a WebSocket that browsers, `ws` and the fakes of tests have in common. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void;
}
export type SocketFactory = (url: string, protocols: string[]) => SocketLike | Promise<SocketLike>;

export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting' | 'stopped';
export type StopReason = 'closed' | 'replaced' | 'forbidden' | 'signed-out';
