import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import type { WebSocket } from 'ws';

const nothing = (): void => undefined;

/** A promise that somebody else keeps. */
export function gate<T>(): { opened: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = nothing;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export const refusal = async (socket: WebSocket): Promise<number> => (await refusedFor(socket)).status;

export async function refusedFor(socket: WebSocket): Promise<{ status: number; retryAfter: string | undefined }> {
  socket.on('error', nothing);
  const [, { statusCode, headers }] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number; headers: Record<string, string> },
  ];
  return { status: statusCode, retryAfter: headers['retry-after'] };
}

export async function untilLength(socket: WebSocket, list: unknown[], length: number): Promise<void> {
  while (list.length < length) await once(socket, 'message');
}

export const upgradeText = (port: number): string =>
  [
    'GET /v1/ws HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');

/** An upgraded connection of which the test decides whether it reads. */
export async function rawSocket(port: number, clients: { terminate(): void }[]): Promise<TcpSocket> {
  const raw = connect(port, '127.0.0.1');
  clients.push({ terminate: () => raw.destroy() });
  raw.write(upgradeText(port));
  await once(raw, 'data');
  return raw;
}
