import type { Seeded } from '../../../support/seeded.ts';
import { NotNow, patiently } from '../patiently.ts';

const AT_ONCE = 8;
const PAGE_MAX = 200;
const SPAN_MAX = 2_000;
/** Of a difference, before and behind it. */
const SHOWN_CHARACTERS = 100;

/** One user, signed in on both. */
export interface Viewer {
  readonly username: string;
  readonly embedded: { readonly http: string; readonly token: string };
  readonly cluster: { readonly http: string; readonly token: string };
}

/** A chat as one of the viewers sees it: its events are asked for up to the last, at times up to its. */
export interface Seen {
  readonly chatId: string;
  readonly viewer: Viewer;
  readonly head: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly messageIds: readonly string[];
}

export interface PagesCompared {
  pages: number;
  bytes: number;
  /** Those that said that they may not be seen, or are not there; on both sides in the same words. */
  refused: number;
  readonly differences: string[];
}

/** Answers as of random seqs and instants: the same bytes on both, but for positions, which are of each log's own. */
export async function comparePages(
  seen: readonly Seen[],
  { random, pages }: { random: Seeded; pages: number },
): Promise<PagesCompared> {
  const compared: PagesCompared = { pages: 0, bytes: 0, refused: 0, differences: [] };
  const asked = Array.from({ length: pages }, () => question(random.pick(seen), random)).values();
  const lane = async (): Promise<void> => {
    for (const { viewer, path } of asked) {
      const [right = '', found = ''] = await Promise.all(
        [viewer.embedded, viewer.cluster].map((side) => patiently(() => answer(side, path))),
      );
      compared.pages++;
      compared.bytes += right.length;
      if (!right.startsWith('200 ')) compared.refused++;
      if (right !== found) {
        compared.differences.push(`${viewer.username} ${path}: ${whereTheyPart(right, found)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return compared;
}

function whereTheyPart(right: string, found: string): string {
  let at = 0;
  while (at < right.length && right[at] === found[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - SHOWN_CHARACTERS), at + SHOWN_CHARACTERS);
  return `${around(right)} <> ${around(found)}`;
}

function question(seen: Seen, random: Seeded): { viewer: Viewer; path: string } {
  const { chatId, viewer, head, messageIds } = seen;
  const point = (): string => (random.chance(0.5) ? `${random.below(head + 2)}` : instant(seen, random));
  const chat = `/v1/chats/${chatId}`;
  const limit = 1 + random.below(PAGE_MAX);
  const asOf = `asOf=${point()}&limit=${limit}`;
  const from = random.below(head);
  const message = (): string => `${chat}/messages/${random.pick(messageIds)}`;
  const kinds: readonly [weight: number, path: () => string][] = [
    [6, () => `${chat}/messages?${asOf}`],
    [2, () => `${chat}/messages?${asOf}&before=${random.below(head + 2)}`],
    [2, () => `${chat}/messages?${asOf}&after=${random.below(head + 2)}`],
    [2, () => `${chat}/members?${asOf}`],
    [1, () => `${chat}?asOf=${point()}`],
    [1, () => `${chat}/events?after=${from}&limit=${limit}`],
    [1, () => `${chat}/diff?from=${from}&to=${Math.min(head, from + random.below(SPAN_MAX))}`],
    [1, () => `${message()}/versions`],
    [1, () => `${message()}/reactions?${asOf}`],
  ];
  const all = kinds.flatMap(([weight, path]) => Array.from({ length: weight }, () => path));
  return { viewer, path: random.pick(all)() };
}

const instant = ({ firstAt, lastAt }: Seen, random: Seeded): string =>
  new Date(firstAt - 1_000 + random.below(lastAt - firstAt + 2_000)).toISOString();

/** In a text within JSON quotes are escaped: only a field can look like this. */
const POSITIONS = /"position":"[^"]*"/g;

/** Status, type and bytes, in one text. */
async function answer({ http, token }: { http: string; token: string }, path: string): Promise<string> {
  const response = await fetch(`${http}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
  if (response.status >= 500) throw new NotNow(`${path}: ${response.status} ${body}`);
  return `${response.status} ${response.headers.get('content-type')} ${body.replace(POSITIONS, '"position":""')}`;
}
