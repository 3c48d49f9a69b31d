import { auth } from './auth.ts';
import { chats } from './chats.ts';
import { deleteMessage } from './delete.ts';
import { edit } from './edit.ts';
import { history } from './history.ts';
import type { Op } from './op.ts';
import { ping } from './ping.ts';
import { presence } from './presence.ts';
import { react, unreact } from './react.ts';
import { delivered, read } from './receipts.ts';
import { replay } from './replay.ts';
import { replayControl } from './replay-control.ts';
import { send } from './send.ts';
import { sync } from './sync.ts';
import { typing } from './typing.ts';

/** Every op that is served, by its name. */
export const OPS: ReadonlyMap<string, Op> = new Map(
  [
    send,
    edit,
    deleteMessage,
    react,
    unreact,
    read,
    delivered,
    typing,
    presence,
    chats,
    history,
    sync,
    replay,
    replayControl,
    auth,
    ping,
  ].map((op) => [op.name, op]),
);
