export const COMPOSER_ID = 'composer';

/** After the click that asked for it has been dealt with, and the composer shows what is asked. */
export function focusComposer(): void {
  requestAnimationFrame(() => document.getElementById(COMPOSER_ID)?.focus());
}
