import { ERROR_CODES, type ErrorCode, isRetryable } from '../../events/error-codes.ts';
import { CLOSE, HTTP_ERRORS } from '../../gateway/errors.ts';
import { heading, row } from './markdown.ts';

const WHAT_TO_DO: Record<ErrorCode, string> = {
  'bad-request': 'Correct the request: `detail` says what, `errors` names the fields.',
  unauthenticated: 'Sign in. Where a refresh token was refused, its whole session has ended.',
  'bad-credentials': 'Ask for the username and the password again.',
  'token-expired': 'Renew the access token (`POST /v1/sessions/refresh`) and send the same request again.',
  forbidden: 'Nothing: the user may not do this. Asking again does not help.',
  'not-found': 'Check the address.',
  'chat-not-found': 'The chat does not exist for this user: drop it from the list.',
  'message-not-found': 'Load the chat afresh: there is no such message in it, or none that this user may see.',
  'user-not-found': 'Check the id.',
  'message-id-reused': 'Make a new message id: this one stands for another message.',
  'command-id-reused': 'Make a new command id: this one stands for another command.',
  'username-taken': 'Choose another name.',
  'version-conflict': 'Load what is there now, decide again.',
  'message-deleted': 'Nothing: a deleted message cannot be changed.',
  'epoch-changed': 'Forget all seqs and positions, load afresh: the log was restored from a backup.',
  'import-behind': 'Import into a chat in which nothing newer has happened.',
  'too-large': 'Send less: see the limits.',
  'unsupported-media-type': 'Send `application/json`.',
  'as-of-unknown': 'Ask for a seq that the chat has.',
  'not-visible': 'Ask from `visibleFrom` on.',
  'range-too-long': 'Ask for a shorter range.',
  'id-from-the-future': 'Set the clock of the client, make a new id.',
  'direct-chat': 'Nothing: a direct chat has no title, no roles and always the same two members.',
  'group-full': 'Nothing: a group has at most 10,000 members.',
  'not-connected': 'Ask for a connection first.',
  'rate-limited': 'Wait for `Retry-After` seconds, then send the same again.',
  internal: 'Send the same again later, with the same id; if it stays so, tell the operator.',
  behind: 'Send the same again: the view is on its way.',
  busy: 'Send the same again after `Retry-After` seconds.',
  unavailable: 'Send the same again after `Retry-After` seconds.',
  unknown: 'Send the same again with the same id: it may have happened, and will not happen twice.',
};

const WHAT_TO_DO_WHEN_CLOSED: Record<keyof typeof CLOSE, string> = {
  badFrame: 'A frame that cannot be read where that cannot be answered, or ten in a row. A fault of the client.',
  unauthenticated: 'The token expired or the session ended: renew it or sign in, connect again.',
  forbidden: 'This user may not be connected.',
  idle: 'Nothing was heard for longer than `heartbeatMs`: connect again, `ping` more often.',
  replaced: 'The same session connected again: this socket is the old one.',
  moved: 'Another gateway took over: connect to the address that `moved` gave.',
  tooLarge: 'A frame was too large.',
  tooMany: 'Too many sockets or too many frames: wait before connecting again.',
  shuttingDown: 'The server stops: connect again, with back-off.',
};

export function errorsPage(): string {
  return [
    heading('Errors', 'events/error-codes.ts and gateway/errors.ts'),
    'Over HTTP an error is `application/problem+json` (RFC 9457): `{type, title, status, detail, code, errors?, retryable}`; on the socket it is `{code, message, retryable}` with the same codes. `retryable` means: the same request, with the same id, may be sent again.',
    [
      row('code', 'status', 'retryable', 'title', 'what to do'),
      row('---', '---', '---', '---', '---'),
      ...ERROR_CODES.map((code) => {
        const { status, title } = HTTP_ERRORS[code];
        return row(
          `<a id="${code}"></a>\`${code}\``,
          String(status),
          isRetryable(code) ? 'yes' : 'no',
          title,
          WHAT_TO_DO[code],
        );
      }),
    ].join('\n'),
    '## Close codes of the socket',
    [
      row('code', 'what to do'),
      row('---', '---'),
      ...Object.entries(CLOSE).map(([name, code]) =>
        row(String(code), WHAT_TO_DO_WHEN_CLOSED[name as keyof typeof CLOSE]),
      ),
    ].join('\n'),
  ].join('\n\n');
}
