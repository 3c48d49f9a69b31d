import { rfc3339 } from '../../events/codec.ts';
import type { Withheld } from '../../events/content.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import { behind, messageNotFound, viewPosition } from '../answers.ts';
import type { AsOf } from '../api.ts';
import { open } from '../as-of.ts';
import type { QueryDeps } from '../deps.ts';
import { seesSeq } from '../visibility/index.ts';
import { seesChange } from './fold.ts';
import { deletedNow } from './load.ts';

export interface Version {
  rev: number;
  seq: number;
  at: string;
  actor: UserId;
  text: string;
  withheld: Withheld | null;
}

/** Every text that a message ever had: the send and each edit that the viewer sees. A deletion is no text. */
export async function versions(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  messageId: MessageId,
): Promise<Outcome<{ versions: Version[]; asOf: AsOf; position: string }>> {
  const position = viewPosition(deps);
  const opened = await open(deps, who);
  if (!opened.ok) return opened;
  const { viewer, asOf } = opened.value;
  const messageSeq = await deps.chatHistory.seqOf(who.chatId, messageId);
  if (messageSeq === null || !seesSeq(viewer.sight, messageSeq)) return messageNotFound();
  const [facts, changes] = await Promise.all([
    deps.chatHistory.messages(who.chatId, [messageSeq], asOf.seq),
    deps.chatHistory.textChanges(who.chatId, messageSeq, asOf.seq),
  ]);
  const sent = facts[0]?.sent;
  if (sent === undefined) return messageNotFound();
  const deleted = viewer.sight.withholdDeleted ? await deletedNow(deps, who.chatId, [messageSeq]) : new Set();
  if (deleted === null) return behind();
  const withheld: Withheld | null = deleted.has(messageSeq) ? 'deleted' : null;
  const version = (fact: { rev: number; seq: number; at: number; actor: UserId; text: string }): Version => ({
    ...fact,
    at: rfc3339(fact.at),
    text: withheld === null ? fact.text : '',
    withheld,
  });
  const edits = changes.filter((change) => change.kind === 'edited' && seesChange(viewer.sight, change));
  const all = [
    version({ rev: 1, seq: sent.seq, at: sent.at, actor: sent.senderId, text: sent.text }),
    ...edits.map(({ rev, seq, at, actor, text }) => version({ rev, seq, at, actor, text: text ?? '' })),
  ];
  return accepted({ versions: all, asOf, position });
}
