import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** WebSocket by hand over plain TCP: all that a load generator needs, for as little processor time as can be. */
const MASKED = 0x80;
const TEXT_FRAME = 0x81;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const HEAD_BYTES = 2;
const MASK_BYTES = 4;

/** A masked text frame whose mask is zero: the payload stands as it is. */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < LENGTH_16 ? HEAD_BYTES : HEAD_BYTES + 2;
  const frame = Buffer.alloc(head + MASK_BYTES + length);
  frame[0] = TEXT_FRAME;
  if (head === HEAD_BYTES) frame[1] = MASKED | length;
  else {
    frame[1] = MASKED | LENGTH_16;
    frame.writeUInt16BE(length, HEAD_BYTES);
  }
  frame.write(text, head + MASK_BYTES);
  return frame;
}

/** Told of each payload by where it stands in the bytes, so that counting costs no copy. */
export type OnPayload = (bytes: Buffer, start: number, end: number) => void;

/** Takes chunks as they come off the wire. */
export function createWalker(onPayload: OnPayload): (chunk: Buffer) => void {
  let rest: Buffer | null = null;
  return (chunk) => {
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = endOfFrame(bytes, at); end !== null; end = endOfFrame(bytes, at)) {
      onPayload(bytes, at + headBytes(bytes, at), end);
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : null;
  };
}

function headBytes(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & ~MASKED;
  return short === LENGTH_64 ? HEAD_BYTES + 8 : short === LENGTH_16 ? HEAD_BYTES + 2 : HEAD_BYTES;
}

function endOfFrame(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + HEAD_BYTES) return null;
  const head = headBytes(bytes, at);
  if (bytes.length < at + head) return null;
  const short = (bytes[at + 1] as number) & ~MASKED;
  const length =
    head === HEAD_BYTES
      ? short
      : head === HEAD_BYTES + 2
        ? bytes.readUInt16BE(at + HEAD_BYTES)
        : Number(bytes.readBigUInt64BE(at + HEAD_BYTES));
  const end = at + head + length;
  return end <= bytes.length ? end : null;
}

export interface Upgrade {
  url: string;
  token?: string;
  onPayload: OnPayload;
}

/** Resolves once the socket is upgraded; whatever comes after goes to `onPayload`. */
export function openSocket({ url, token, onPayload }: Upgrade): Promise<Socket> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const key = randomBytes(16).toString('base64');
  const bearer = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${bearer}\r\n`,
  );
  return new Promise((resolve, reject) => {
    const walk = createWalker(onPayload);
    let answer = Buffer.alloc(0);
    let upgraded = false;
    const onAnswer = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!answer.subarray(0, end).toString().includes(' 101 ')) return reject(new Error(answer.toString()));
      upgraded = true;
      socket.off('data', onAnswer);
      socket.on('data', walk);
      resolve(socket);
      walk(answer.subarray(end + 4));
    };
    socket.on('data', onAnswer);
    socket.on('error', reject);
    socket.on('close', () => {
      reject(new Error('closed before the upgrade'));
      // A load that lost one of its sockets measures something else; uncaught, it ends this process.
      if (upgraded) throw new Error(`${host} closed a socket`);
    });
  });
}

/** Whether a payload begins with a field of that name: pushes with `ev`, answers with `id`. */
export const beginsWith = (bytes: Buffer, start: number, field: 'ev' | 'id'): boolean =>
  bytes[start + 2] === field.charCodeAt(0) && bytes[start + 3] === field.charCodeAt(1);
