import type { GroupMember, TopicGroup } from '../../events/backplane.ts';
import { type KafkaConnection, leave } from './connection.ts';
import { type RunningConsumer, runConsumer } from './consumer.ts';
import { createLane, type Lane } from './lane.ts';

/** How often the broker is told how far a group is. A hint for the next owner: the places that count are its readers'. */
const COMMIT_EVERY_MS = 500;

export interface GroupOptions {
  topic: string;
  /** The whole name of the consumer group. */
  groupId: string;
  /** For one take; after it the run rejects. Default: `TAKE_DEADLINE_MS`. */
  takeDeadlineMs?: number;
}

/**
 * A member of a consumer group. Fetching, heartbeats and rebalances go on beside the takes: each partition is taken at
 * its own speed, and one that waits, fails or is slow holds up no other, nor the group.
 */
export function createKafkaGroup(connection: KafkaConnection, options: GroupOptions): TopicGroup {
  let joined: Membership | null = null;
  let closed = false;
  return {
    async run(member) {
      if (closed) return;
      joined = join(connection, options, member);
      await joined.ended;
    },
    async close() {
      closed = true;
      const last = joined;
      joined = null;
      if (last) await part(last);
    },
  };
}

interface Membership {
  readonly connection: KafkaConnection;
  readonly options: GroupOptions;
  readonly member: GroupMember;
  readonly consumer: RunningConsumer;
  readonly lanes: Map<number, Lane>;
  /** Takes of partitions that were lost: they end before the same partition is taken again here. */
  readonly ending: Map<number, Promise<void>>;
  /** What the broker has been told. */
  readonly committed: Map<number, string>;
  readonly ended: Promise<void>;
  committing: Promise<void> | null;
  fail(error: Error): void;
}

function join(connection: KafkaConnection, options: GroupOptions, member: GroupMember): Membership {
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const consumer = runConsumer(connection, {
    topic: options.topic,
    groupId: () => options.groupId,
    onJoin: (partitions) => onJoin(membership, partitions),
    onRecords(partition, messages) {
      const lane = membership.lanes.get(partition);
      lane?.add(messages);
      if (lane?.full()) consumer.pause([partition]);
    },
  });
  const timer = setInterval(() => void commit(membership), COMMIT_EVERY_MS).unref();
  const ended = Promise.race([consumer.ended, failed]).finally(() => clearInterval(timer));
  const membership: Membership = {
    connection,
    options,
    member,
    consumer,
    lanes: new Map(),
    ending: new Map(),
    committed: new Map(),
    ended,
    committing: null,
    fail,
  };
  failed.catch(() => part(membership)); // whoever runs it hears of it
  return membership;
}

/** What stays goes on where it is; what is new begins where the broker knows the group to be. */
function onJoin(membership: Membership, partitions: readonly number[]): void {
  const { lanes, ending, committed, consumer, member } = membership;
  const lost = [...lanes.keys()].filter((partition) => !partitions.includes(partition));
  for (const partition of lost) {
    const last = lanes.get(partition)?.end();
    if (last) ending.set(partition, last);
    lanes.delete(partition);
    committed.delete(partition);
  }
  for (const partition of partitions) {
    const next = lanes.get(partition)?.next() ?? null;
    if (next !== null) consumer.seek(partition, next);
    if (!lanes.has(partition)) lanes.set(partition, newLane(membership, partition));
  }
  const full = partitions.filter((partition) => lanes.get(partition)?.full());
  // Also what is lost: it may come back.
  consumer.resume([...lost, ...partitions.filter((partition) => !full.includes(partition))]);
  consumer.pause(full);
  if (lost.length > 0) member.lost(lost);
}

function newLane(membership: Membership, partition: number): Lane {
  const { connection, options, member, consumer, ending, lanes } = membership;
  const earlier = ending.get(partition);
  ending.delete(partition);
  const lane = createLane({
    topic: options.topic,
    partition,
    logger: connection.logger,
    ...(options.takeDeadlineMs === undefined ? {} : { takeDeadlineMs: options.takeDeadlineMs }),
    async take(_, links) {
      await earlier;
      await member.take(partition, links);
    },
    onRoom() {
      if (lanes.get(partition) === lane) consumer.resume([partition]);
    },
    fail: membership.fail,
  });
  return lane;
}

/** One at a time. What cannot be told now is told with the next. */
async function commit(membership: Membership): Promise<void> {
  if (membership.committing) return;
  const { lanes, committed, consumer, connection, options } = membership;
  const offsets = new Map<number, string>();
  for (const [partition, lane] of lanes) {
    const done = lane.done();
    if (done !== null && done !== committed.get(partition)) offsets.set(partition, done);
  }
  if (offsets.size === 0) return;
  membership.committing = consumer.commit(offsets);
  try {
    await membership.committing;
    for (const [partition, offset] of offsets) if (lanes.has(partition)) committed.set(partition, offset);
  } catch (error) {
    connection.logger.debug({ groupId: options.groupId, error: String(error) }, 'kafka: offsets are committed later');
  } finally {
    membership.committing = null;
  }
}

/** Ends what is in flight, says how far it came, and makes room for others. */
async function part(membership: Membership): Promise<void> {
  const { lanes, ending, consumer, connection, member } = membership;
  const partitions = [...lanes.keys()];
  await leave(Promise.all([...[...lanes.values()].map((lane) => lane.end()), ...ending.values()]), connection.logger);
  await membership.committing?.catch(() => undefined); // told above
  await leave(commit(membership), connection.logger);
  await consumer.close();
  lanes.clear();
  if (partitions.length > 0) member.lost(partitions);
}
