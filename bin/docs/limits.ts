import * as chat from '../../events/limits.ts';
import * as passwords from '../../gateway/auth/passwords.ts';
import * as body from '../../gateway/http/body.ts';
import * as json from '../../gateway/json.ts';
import * as presence from '../../gateway/presence/limits.ts';
import { RATE_LIMITS, type RateLimitName } from '../../gateway/rate-limits.ts';
import * as requests from '../../gateway/requests.ts';
import * as slots from '../../gateway/slots/limits.ts';
import * as sockets from '../../gateway/ws/limits.ts';
import { BEHIND_WAIT_MS } from '../../queries/index.ts';
import { CLUSTER } from './cluster-limits.ts';
import { heading, row } from './markdown.ts';

type Numbers<M> = {
  [K in keyof M as K extends Uppercase<string & K> ? (M[K] extends number ? K : never) : never]: string;
};

/** What each named limit means. A limit without words does not compile. */
const CHAT: Numbers<typeof chat> = {
  TEXT_MAX_CODE_POINTS: 'Code points of a message.',
  TITLE_MAX_CODE_POINTS: 'Code points of a title.',
  DISPLAY_NAME_MAX_CODE_POINTS: 'Code points of a display name.',
  GROUP_MAX_MEMBERS: 'Members of a group.',
  MESSAGE_MAX_FILES: 'Files that a message carries.',
  MESSAGE_MAX_MENTIONS: 'Users that a message mentions.',
  MESSAGE_MAX_EMOJIS: 'Different emoji that stand on a message.',
  ID_SKEW_MS: 'How far ahead of the server the time in an id may be.',
  REACTION_USERS_SHOWN: 'Users that a reaction names; `…/reactions` has them all.',
  RECEIPTS_MAX_MEMBERS: 'Members up to which a chat tells the receipts of others.',
};
const REQUESTS: Numbers<typeof requests & typeof body & typeof json & typeof passwords> & {
  BEHIND_WAIT_MS: string;
} = {
  HISTORY_LIMIT: 'Messages of a page where no `limit` is asked for.',
  HISTORY_MAX_LIMIT: 'Messages of a page at most.',
  EVENTS_LIMIT: 'Events of a page where no `limit` is asked for.',
  EVENTS_MAX_LIMIT: 'Events of a page at most.',
  LIST_LIMIT: 'Entries of any other list where no `limit` is asked for.',
  LIST_MAX_LIMIT: 'Entries of any other list at most.',
  BODY_MAX_BYTES: 'A request body.',
  MEMBERS_BODY_MAX_BYTES: 'The body that starts a chat.',
  CREDENTIALS_BODY_MAX_BYTES: 'A body with a password or a token.',
  JSON_MAX_DEPTH: 'Depth of JSON.',
  JSON_MAX_KEYS: 'Keys of one object in JSON.',
  PASSWORD_MIN_CODE_POINTS: 'Code points of a password at least.',
  PASSWORD_MAX_CODE_POINTS: 'Code points of a password at most.',
  BEHIND_WAIT_MS: 'How long a read waits for views that lag behind what it asks for, before it answers `behind`.',
};
const SOCKETS: Numbers<typeof sockets> = {
  FRAME_MAX_BYTES: 'A frame from a client; a longer one closes the socket with 4413.',
  RECEIVE_MAX_BYTES: 'Beyond it the connection is cut without a word.',
  UPGRADE_DEADLINE_MS: 'How long an upgrade may take.',
  HEAD_WAIT_MS:
    'How long it waits for the event store of a cluster to say where the log ends; without that it opens too.',
  OUTBOX_BYTES: 'Live pushes that wait for one socket; beyond it they are dropped, and `resync` says so.',
  OUTBOX_HARD_BYTES: 'All that waits for one socket; beyond it the socket is closed.',
  CLOSE_LINGER_MS: 'At shutdown, how long the last frames may take before the connections are cut.',
  OUTBOX_LOW_BYTES: 'A backlog or a replay goes on when no more than this waits.',
  CORK_BYTES: 'What is written to a socket in one piece.',
  HEARTBEAT_MS: 'Clients `ping` within this time (`welcome.heartbeatMs`).',
  HEARTBEAT_GRACE_MS: 'So much later a silent socket is closed with 4408.',
  DEADLINE_TICK_MS: 'How exactly deadlines are kept.',
  COMMANDS_OPEN_MAX: 'Commands of one socket that wait for their answers.',
  READS_OPEN_MAX: 'Reads of one socket that wait for their answers.',
  UNREADABLE_FRAMES_MAX: 'Unreadable frames in a row; then the socket is closed with 4400.',
  SOCKETS_PER_ADDRESS_MAX: 'Open sockets of one address.',
  SOCKETS_PER_USER_MAX: 'Open sockets of one user.',
  SYNC_LIMIT: 'Events of one chat that `sync` sends; beyond it `resync` says `far-behind`.',
  SYNC_CHATS_MAX: 'Chats that one `sync` names; `more` says that others follow.',
  PAGE_EVENTS: 'Events that are read at once for a backlog or a replay.',
  CATCH_UPS_AT_ONCE: 'Pages that all sockets together read at once.',
  BACKLOG_TRIES: 'Failed reads of a backlog until the client is told to load it itself.',
  REPLAYS_MAX: 'Replays of one socket at once.',
  REPLAY_MAX_GAP_MS: 'Longer pauses of a replay are shortened to this, where `maxGapMs` says nothing else.',
  REPLAY_SPEED_MAX: 'Speed of a replay.',
  FEED_RETRY_MS: 'Until the log is looked at again after it failed.',
};
const PRESENCE: Numbers<typeof presence> = {
  PRESENCE_MAX_MEMBERS: 'Members up to which a chat tells who is online or typing.',
  PRESENCE_USERS_MAX: 'Users that one socket follows.',
  PRESENCE_WAIT_MS: 'How long `presence` waits for what other gateways say; what comes later is pushed.',
  OFFLINE_AFTER_MS: 'A user without a socket counts as online for so long.',
  WATCH_RENEW_MS: 'How often a gateway says again whom it wants to know of.',
  WATCH_EXPIRES_MS:
    'Who is not asked for again within this time is forgotten, and who is not heard of is taken for gone.',
  LOOK_AFTER_MS: 'How soon it is looked anew who may be seen, after somebody came or went.',
  LOOK_RETRY_MS: 'Until that is tried again after it failed.',
  WATCH_USERS_MAX: 'Users named in one signal between gateways.',
  TYPING_GAP_MS: 'In one chat somebody’s typing is told at most so often.',
};
const SLOTS: Numbers<typeof slots> = {
  BEAT_MS: 'How often a gateway says that it is alive.',
  GATEWAY_DEAD_AFTER_MS: 'A gateway that was not heard of for so long is dead: others take its users.',
  TAKE_BACK_AFTER_MS:
    'A gateway that was taken for dead while it lived, and not for the first time, takes users back after so long; each time twice that.',
  TAKE_BACK_AFTER_MAX_MS: 'And no longer than this.',
  LAPSE_FORGOTTEN_MS: 'Without another time for so long it counts as the first again.',
  MOVE_AFTER_MS: 'How long clients that another gateway has taken over are served where they are.',
  HAND_OVER_MS: 'How long a gateway that stops in good order waits for others to take its users.',
  LAST_MOVE_AFTER_MS: 'How long these are served there yet.',
  SLOT_WAIT_MS: 'How long an upgrade, or a `sync`, waits for any gateway to serve the user.',
  MOVED_LINGER_MS: 'How long a socket that belongs elsewhere has to read where.',
};
const RATES: Record<RateLimitName, string> = {
  registerPerAddress: 'Registrations of an address.',
  signInPerAddress: 'Sign-ins of an address.',
  signInPerName: 'Sign-ins of an address at one name.',
  refreshPerAddress: 'Renewals of an address.',
  passwordPerUser: 'Password changes of a user.',
  requestPerAddress: 'HTTP requests of an address.',
  requestPerUser: 'HTTP requests of a user.',
  commandPerUser: 'Commands of a user over HTTP, and as many again over all of the user’s sockets.',
  commandPerChat: 'Commands of a user to one chat, over HTTP.',
  scanPerUser: 'Reads of a user that walk many events: a diff, the analysts’ event stream.',
  connectPerAddress: 'Sockets that an address opens.',
  framePerSocket: 'Frames of a socket.',
};

export function limitsPage(): string {
  const values: Record<string, unknown> = {
    ...chat,
    ...passwords,
    ...body,
    ...json,
    ...requests,
    ...sockets,
    ...presence,
    ...slots,
    BEHIND_WAIT_MS,
  };
  const table = (what: Record<string, string>): string =>
    [
      row('limit', 'value', 'what'),
      row('---', '---', '---'),
      ...Object.entries(what).map(([name, words]) => row(`\`${name}\``, inUnit(name, Number(values[name])), words)),
    ].join('\n');
  const rates = [
    row('limit', 'times', 'within', 'what'),
    row('---', '---', '---', '---'),
    ...Object.entries(RATES).map(([name, words]) => {
      const { points, seconds } = RATE_LIMITS[name as RateLimitName];
      return row(`\`${name}\``, points.toLocaleString('en'), `${seconds.toLocaleString('en')} s`, words);
    }),
  ].join('\n');
  return [
    heading('Limits', 'the constants themselves'),
    'A broken limit of a field is `bad-request`; a `limit` above its maximum is lowered to it.',
    '## Of the contract: part of the meaning of the log, the same everywhere',
    table(CHAT),
    '## Of requests',
    table(REQUESTS),
    '## Of sockets',
    table(SOCKETS),
    '## Of presence and typing',
    table(PRESENCE),
    '## Of gateways in a cluster',
    table(SLOTS),
    '## Of the processes of a cluster',
    'What waits is bounded everywhere; what does not fit is refused, or read from the log later. Nothing here is a setting but the first two, which are fixed once their topics are there.',
    [
      row('limit', 'value', 'what'),
      row('---', '---', '---'),
      ...Object.entries(CLUSTER).map(([name, [value, words]]) => row(`\`${name}\``, inUnit(name, value), words)),
    ].join('\n'),
    '## Rates',
    'Whoever goes beyond is answered `rate-limited` with `Retry-After`. Each process counts for itself: of a cluster with n processes of a kind, n times as much may get through, so a proxy in front of many should count too, guesses at passwords above all. `HINDSIGHT_RATE_LIMITS=off` turns all of them off, for tests and load.',
    rates,
  ].join('\n\n');
}

const BYTES_PER_KIB = 1_024;
const MS_PER_S = 1_000;
const MS_PER_H = 3_600_000;

function inUnit(name: string, value: number): string {
  if (name.endsWith('_BYTES') && value % BYTES_PER_KIB === 0)
    return `${(value / BYTES_PER_KIB).toLocaleString('en')} KiB`;
  if (name.endsWith('_MS') && value % MS_PER_H === 0) return `${value / MS_PER_H} h`;
  if (name.endsWith('_MS')) return value % MS_PER_S === 0 ? `${value / MS_PER_S} s` : `${value} ms`;
  return value.toLocaleString('en');
}
