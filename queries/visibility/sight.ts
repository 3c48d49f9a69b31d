import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../events/chat.ts';

/**
 * Who may see the past (PROTOCOL §3): one pure rule, used by every query and by the push path. `Sight` is the rule made
 * ready for one viewer of one chat.
 */
export interface Span {
  /** The seq of the own coming. */
  readonly from: number;
  /** The seq of the own leaving, which is still seen; null while the stay lasts. */
  readonly to: number | null;
}

/** A viewer's standing in a chat, whoever knows it: the members view, or the log's own state. */
export interface Access {
  readonly kind: ChatKind;
  readonly historyVisibility: HistoryVisibility;
  readonly pastContent: PastContent;
  /** Everything up to this seq went into it. */
  readonly headSeq: number;
  /** null where the user is not a member now. */
  readonly role: Role | null;
  /** All stays, oldest first. */
  readonly spans: readonly Span[];
}

export interface Sight {
  /** The first seq that is ever delivered to this viewer. */
  readonly visibleFrom: number;
  /** What the viewer sees, oldest first: one open span from 1 where history is visible to all. */
  readonly spans: readonly Span[];
  /** Whether words that are deleted now are withheld from the past too. */
  readonly withholdDeleted: boolean;
}

/** What the rule must know of an event: its place, its kind and, of a change, the place of the message it changes. */
export interface Seen {
  readonly seq: number;
  readonly type: string;
  readonly data: unknown;
}

const EVERYTHING: readonly Span[] = [{ from: 1, to: null }];

/** Only for a member of now: whoever has no `role` sees no chat at all. A viewer that never came sees nothing. */
export function sightOf(access: Pick<Access, 'historyVisibility' | 'pastContent' | 'spans'>): Sight {
  const spans = access.historyVisibility === 'all' ? EVERYTHING : access.spans;
  return {
    visibleFrom: spans[0]?.from ?? Number.POSITIVE_INFINITY,
    spans,
    withholdDeleted: access.pastContent === 'now',
  };
}

/** The span that a seq lies in, or null. */
export function spanAt(sight: Sight, seq: number): Span | null {
  for (let i = sight.spans.length - 1; i >= 0; i--) {
    const span = sight.spans[i] as Span;
    if (seq >= span.from) return span.to === null || seq <= span.to ? span : null;
  }
  return null;
}

/** Whether an event of its own, or a message, at this seq is visible. */
export const seesSeq = (sight: Sight, seq: number): boolean => spanAt(sight, seq) !== null;

/** Whether an event is visible. A change is where both it and the message are; a visible message's deletion always is. */
export function sees(sight: Sight, event: Seen): boolean {
  if (sight.spans === EVERYTHING) return true;
  const messageSeq = messageSeqOf(event);
  if (messageSeq === null) return seesSeq(sight, event.seq);
  return seesSeq(sight, messageSeq) && (event.type === 'MessageDeleted' || seesSeq(sight, event.seq));
}

/**
 * The seq at which a viewer knows the chat's title and members as of `seq`: as a member one knows them as they stand,
 * in a gap as they stood at one's leaving (docs/adr/0004). `visibleFrom - 1` stands for itself: it differs from
 * `visibleFrom` only by the own coming.
 */
export function frameSeq(sight: Sight, seq: number): number {
  if (seq < sight.visibleFrom) return seq;
  for (let i = sight.spans.length - 1; i >= 0; i--) {
    const span = sight.spans[i] as Span;
    if (seq >= span.from) return span.to === null ? seq : Math.min(seq, span.to);
  }
  return seq;
}

/** The seq of the message that an event changes, null for any other event (the sending of one included). */
export function messageSeqOf(event: Pick<Seen, 'data'>): number | null {
  const { data } = event;
  if (typeof data !== 'object' || data === null || !('messageSeq' in data)) return null;
  return typeof data.messageSeq === 'number' ? data.messageSeq : null;
}
