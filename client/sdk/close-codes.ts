/** What a close code asks of this client (PROTOCOL §6). */
export type Closing = 'renew' | 'replaced' | 'forbidden' | 'again' | 'slower' | 'soon' | 'backoff';

const CLOSINGS: Readonly<Record<number, Closing>> = {
  4401: 'renew',
  4403: 'forbidden',
  4408: 'again',
  4409: 'replaced',
  4410: 'again',
  4429: 'slower',
  4503: 'soon',
};

export const closingOf = (code: number): Closing => CLOSINGS[code] ?? 'backoff';
