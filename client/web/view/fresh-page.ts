import { connection } from '../state/client.ts';
import { COMPOSER_ID } from './focus.ts';

/**
 * The server knows of a new gateway a moment later than the client that is sent there. And where the session names one
 * that is no more, a client that cannot connect asks for it anew, which takes a moment too.
 */
const LOOK_MS = 2_000;
/** Where a fresh page does not help either, the next one is not had at once. */
const APART_MS = 15_000;
const RELOADED_AT = 'hindsight.reloadedAt';

/**
 * A page may connect to the gateways that its server named when it was loaded. One that has come since is named by a
 * fresh page; the session, what waits to be sent and the place are kept over it. Words half written are waited for.
 */
export function freshPageForNewGateways(): void {
  let timer: number | undefined;
  const lookLater = (): void => {
    timer ??= window.setTimeout(look, LOOK_MS);
  };
  const look = (): void => {
    timer = undefined;
    if (connection.value === 'open') return; // still served, or again; the next attempt that is blocked says so
    const reloadedAt = Number(sessionStorage.getItem(RELOADED_AT));
    if (isWriting() || Date.now() - reloadedAt < APART_MS) return lookLater();
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    location.reload();
  };
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
    if (effectiveDirective === 'connect-src' && /^wss?:/.test(blockedURI)) lookLater();
  });
}

const isWriting = (): boolean => {
  const composer = document.getElementById(COMPOSER_ID);
  return composer instanceof HTMLTextAreaElement && composer.value.trim() !== '';
};
