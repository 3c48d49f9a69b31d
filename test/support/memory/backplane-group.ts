import { setTimeout as pause } from 'node:timers/promises';
import type { GroupMember, TopicGroup } from '../../../events/backplane.ts';
import type { PartitionLogs } from './backplane-log.ts';

/** What failed comes again after this time. */
const REDELIVER_MS = 5;
const TAKE_LINKS_MAX = 500;

export interface MemoryGroup {
  member(): TopicGroup;
  /** Every partition is lost, and goes to the next member: to the same one, where there is but one. */
  rebalance(): void;
}

interface Member {
  readonly take: GroupMember['take'];
  readonly lost: GroupMember['lost'];
  /** What each partition is doing here: the next owner's term in this member begins when it has ended. */
  readonly serving: Map<number, Promise<void>>;
}

interface Term {
  readonly member: Member;
  readonly partition: number;
  /** The member is going: the take in flight is the last. */
  ending: boolean;
  /** The partition is another's: what is in flight no longer counts. */
  over: boolean;
  wake: () => void;
}

export function createMemoryGroup(logs: PartitionLogs): MemoryGroup {
  const offsets: number[] = Array.from({ length: logs.partitions }, () => 0);
  const terms = new Map<number, Term>();
  const members: Member[] = [];
  let shift = 0;

  function assign(anew = false): void {
    const lost = new Map<Member, number[]>();
    for (let partition = 0; partition < logs.partitions; partition++) {
      const member = members[(partition + shift) % members.length];
      const before = terms.get(partition);
      if (before?.member === member && !anew) continue;
      if (before) {
        end(before);
        lost.set(before.member, [...(lost.get(before.member) ?? []), partition]);
      }
      terms.delete(partition);
      if (member) begin(member, partition);
    }
    for (const [member, partitions] of lost) member.lost(partitions);
  }

  function begin(member: Member, partition: number): void {
    const term: Term = { member, partition, ending: false, over: false, wake: () => undefined };
    terms.set(partition, term);
    const earlier = member.serving.get(partition) ?? Promise.resolve();
    member.serving.set(
      partition,
      earlier.then(() => serve(logs, offsets, term)),
    );
  }

  function end(term: Term): void {
    term.over = true;
    term.wake();
  }

  return {
    member: () =>
      createMember({
        join(member) {
          members.push(member);
          assign();
        },
        async leave(member) {
          for (const term of terms.values()) {
            if (term.member !== member) continue;
            term.ending = true;
            term.wake();
          }
          await Promise.all(member.serving.values());
          members.splice(members.indexOf(member), 1);
          assign();
        },
      }),
    rebalance() {
      shift++;
      assign(true);
    },
  };
}

/** Serves one partition for one member until its term is over. */
async function serve(logs: PartitionLogs, offsets: number[], term: Term): Promise<void> {
  const { member, partition } = term;
  const stop = logs.onChange(() => term.wake());
  while (!term.ending && !term.over) {
    const { links, next } = logs.read(partition, offsets[partition] ?? 0, TAKE_LINKS_MAX);
    if (links.length === 0) {
      await new Promise<void>((resolve) => {
        term.wake = resolve;
      });
    } else if (await taken(member, partition, links)) {
      if (!term.over) offsets[partition] = next;
    } else await pause(REDELIVER_MS);
  }
  stop();
}

async function taken(member: Member, partition: number, links: Parameters<GroupMember['take']>[1]): Promise<boolean> {
  try {
    await member.take(partition, links);
    return true;
  } catch {
    // The port's promise: whatever was thrown, the links come again.
    return false;
  }
}

function createMember(group: { join(member: Member): void; leave(member: Member): Promise<void> }): TopicGroup {
  let joined: Member | null = null;
  let ended: () => void = () => undefined;
  let closed = false;
  return {
    async run(handlers) {
      if (closed) return;
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      joined = {
        take: (partition, links) => handlers.take(partition, links),
        lost: (partitions) => handlers.lost(partitions),
        serving: new Map(),
      };
      group.join(joined);
      await end;
    },
    async close() {
      closed = true;
      const member = joined;
      joined = null;
      if (member) await group.leave(member);
      ended();
    },
  };
}
