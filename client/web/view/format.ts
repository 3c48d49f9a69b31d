const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const exactTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

export const formatTime = (at: string | number): string => time.format(new Date(at));
export const formatDay = (at: string | number): string => day.format(new Date(at));
export const formatFull = (at: string | number): string => full.format(new Date(at));
export const formatMoment = (at: string | number): string =>
  `${shortDay.format(new Date(at))}, ${exactTime.format(new Date(at))}`;
export const formatCount = (count: number): string => count.toLocaleString();

/** Short enough for a list: the time today, else the day. */
export function formatWhen(at: string): string {
  return sameDay(at, new Date().toISOString()) ? formatTime(at) : shortDay.format(new Date(at));
}

export function sameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

const HUES = 12;
/** One of twelve colours, always the same for the same user. */
export function hueOf(userId: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < userId.length; i++) hash = Math.imul(hash ^ userId.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b); // ids of one moment differ in few places
  return `hue-${(hash >>> 8) % HUES}`;
}

export const initialOf = (name: string): string =>
  (Array.from(name.replace(/^[^\p{L}\p{N}]+/u, ''))[0] ?? '·').toUpperCase();
