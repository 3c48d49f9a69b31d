import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Rejection } from '../../events/error-codes.ts';
import { toProblem } from '../errors.ts';

/** What never became a request (a line or headers that cannot be read, or too many of them) is answered in words too. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem(rejectionOf(error));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function rejectionOf(error: NodeJS.ErrnoException): Rejection {
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return { code: 'too-large', detail: 'the address and headers are too long' };
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { code: 'bad-request', detail: 'the request took too long to arrive' };
  return { code: 'bad-request', detail: 'this is not an HTTP request' };
}
