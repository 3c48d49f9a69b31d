import type { StoredChatFact } from '../../events/chat.ts';
import { rfc3339, versionOf } from '../../events/codec.ts';
import { plain } from '../../events/content.ts';
import type { Metadata } from '../../events/envelope.ts';
import { type Outcome, rejected } from '../../events/error-codes.ts';
import { type NewEvent, NO_STREAM } from '../../events/event-store.ts';
import type { UserId } from '../../events/ids.ts';
import { GROUP_MAX_MEMBERS } from '../../events/limits.ts';
import { chatStream } from '../../events/streams.ts';
import { evolve, type ImportedChat } from './chat-state.ts';
import { type PlannedFact, planLine } from './plan-line.ts';
import { lineId, type PendingLine, type Run, startId, userOf } from './run.ts';

/** The k-th event of a written minute lies k ms into it, but no further than this. */
const LAST_MS_IN_MINUTE = 999;

/** What the pending lines come to, on the chat as it is known now. */
export interface Plan {
  chat: ImportedChat;
  events: NewEvent[];
  facts: PlannedFact[];
  /** Its events per written minute, to be added to the chat's. */
  perMinute: Map<number, number>;
}

export function planPending(run: Run): Plan | { refused: Outcome<never> } {
  const plan: Plan = {
    chat: { ...run.chat, members: new Set(run.chat.members) },
    events: [],
    facts: [],
    perMinute: new Map(),
  };
  for (const { file, line } of run.pending) {
    const facts = factsOf(run, plan.chat, { file, line });
    if (facts.length === 0) continue;
    const oldest = line.minute + Math.min(countOf(plan, line.minute), LAST_MS_IN_MINUTE);
    if (plan.chat.lastLiveAt !== null && oldest < plan.chat.lastLiveAt) {
      return { refused: rejected('import-behind', `${file.name}:${line.line} is older than a live event of the chat`) };
    }
    if (plan.chat.members.size + facts.filter(({ part }) => part === 'comes').length > GROUP_MAX_MEMBERS) {
      return {
        refused: rejected('group-full', `${file.name}:${line.line}: a group has at most ${GROUP_MAX_MEMBERS} members`),
      };
    }
    if (plan.chat.revision === NO_STREAM) planStart(run, plan, line.minute);
    for (const planned of facts) {
      push(run, plan, {
        fact: planned.fact,
        actor: planned.actor,
        commandId: lineId(run, file, line, planned.part),
        minute: line.minute,
      });
      plan.facts.push(planned);
    }
  }
  return plan;
}

function factsOf(run: Run, chat: ImportedChat, { file, line }: PendingLine): PlannedFact[] {
  return planLine(line.act, (nick) => userOf(run, nick), {
    members: chat.members,
    source: {
      origin: { source: run.request.source, id: `${file.name}:${line.line}`, at: rfc3339(line.minute) },
      messageId: lineId(run, file, line, 'says'),
      number: chat.messageCount + 1,
    },
  });
}

function planStart(run: Run, plan: Plan, minute: number): void {
  const [actor] = run.request.admins;
  if (actor === undefined) throw new Error('an imported group needs an admin');
  const fact: StoredChatFact = {
    type: 'ChatStarted',
    data: {
      kind: 'group',
      title: plain(run.request.title),
      members: run.request.admins.map((userId) => ({ userId, role: 'admin' })),
      historyVisibility: 'all',
      pastContent: 'then',
    },
  };
  push(run, plan, { fact, actor, commandId: startId(run.deps.ids, run.chatId), minute });
}

function push(
  run: Run,
  plan: Plan,
  event: { fact: StoredChatFact; actor: UserId; commandId: string; minute: number },
): void {
  const k = countOf(plan, event.minute);
  plan.perMinute.set(event.minute, (plan.perMinute.get(event.minute) ?? 0) + 1);
  const at = Math.max(event.minute + Math.min(k, LAST_MS_IN_MINUTE), plan.chat.lastAt);
  evolve(plan.chat, event.fact, at);
  const metadata: Metadata = {
    v: versionOf(event.fact.type),
    actor: event.actor,
    at,
    commandId: event.commandId,
    correlationId: run.importId,
  };
  plan.events.push({
    eventId: run.deps.ids.eventId(chatStream(run.chatId), event.commandId),
    type: event.fact.type,
    data: JSON.stringify(event.fact.data),
    metadata: JSON.stringify(metadata),
  });
}

const countOf = ({ chat, perMinute }: Plan, minute: number): number =>
  (chat.perMinute.get(minute) ?? 0) + (perMinute.get(minute) ?? 0);
