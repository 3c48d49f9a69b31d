import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Link, Placed } from '../../../events/backplane.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import type { Parking } from '../../../projections/parking/ports.ts';
import { createPartitionFollower, type PartitionFollower } from '../../../projections/partitions/follower.ts';
import type { FollowerLimits } from '../../../projections/partitions/options.ts';
import type { Checkpoints, Claim, ViewGroup } from '../../../projections/partitions/ports.ts';
import type { PartitionReport } from '../../../projections/partitions/report.ts';
import type { OpenSink } from '../../../projections/partitions/sink.ts';
import { openViewSink } from '../../../projections/partitions/view-sink.ts';
import { type ArrayLog, arrayLog } from '../../support/array-log.ts';
import { testFolder } from '../../support/folder.ts';
import { createMemoryTopic, type MemoryTopic } from '../../support/memory/backplane.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { memoryParking } from '../../support/memory/parking.ts';
import { type CommitFault, type SharedViews, sharedViews } from '../../support/sqlite-partition-rows.ts';
import { startRunner } from '../../support/views.ts';

export const PARTITIONS = 3;
const DEADLINE_MS = 30_000;
/** So that a struggle over a partition is a matter of milliseconds. */
export const LIMITS = {
  batchEvents: 40,
  idleCommitMs: 2,
  pausePollMs: 5,
  takeBackMs: 40,
  takeBackRetryMs: 5,
  takeMs: 300,
};

export const placeOf = (event: RecordedEvent, partitions = PARTITIONS): number =>
  partitionOf(partitionKeyOf(event.stream), partitions);

/** Links as a relay writes them: each event, and now and then how far the log was read, for every partition. */
export function relay(partitions = PARTITIONS) {
  const last = Array.from({ length: partitions }, () => 0);
  const place = (partition: number, position: number, event: RecordedEvent | null): Placed => {
    const link: Link = { source: 0, after: last[partition] ?? 0, position, event };
    last[partition] = position;
    return { partition, link };
  };
  return {
    event: (event: RecordedEvent): Placed => place(placeOf(event, partitions), event.position, event),
    watermark: (position: number): Placed[] =>
      last.flatMap((before, partition) => (before < position ? [place(partition, position, null)] : [])),
  };
}

/** What a relay says now and then while there is nothing to relay. */
const watermarks = (position: number): Placed[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => ({
    partition,
    link: { source: 0, after: position, position, event: null },
  }));

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export interface World {
  readonly log: ArrayLog;
  readonly topic: MemoryTopic;
  readonly checkpoints: Checkpoints;
  readonly parking: Parking;
  readonly views: SharedViews;
  readonly reports: PartitionReport[];
  /** One more process that takes part in a group; whatever ends its run is thrown by `ended`. */
  join(group: ViewGroup, name?: string): { follower: PartitionFollower; ended: Promise<void> };
  /** Writes all events, in chunks, and how far they go. */
  relayAll(events?: readonly RecordedEvent[]): Promise<void>;
  reached(groups: readonly ViewGroup[], position?: number): Promise<void>;
}

interface WorldOptions {
  events: RecordedEvent[];
  onCommit?: (claim: Claim) => CommitFault | Promise<CommitFault>;
  limits?: Partial<FollowerLimits>;
  open?: (world: World, open: OpenSink) => OpenSink;
  /** Of the sinks. */
  takeMs?: number;
}

export async function openWorld({ events, onCommit, open, limits, takeMs }: WorldOptions): Promise<World> {
  const checkpoints = memoryCheckpoints();
  await checkpoints.prepare('chat-history', PARTITIONS);
  await checkpoints.prepare('user-chats', PARTITIONS);
  const topic = createMemoryTopic({ partitions: PARTITIONS });
  const file = join(testFolder(), 'views.db');
  const views = await sharedViews({ file, checkpoints, ...(onCommit && { onCommit }) });
  const log = arrayLog(events);
  const parking = memoryParking();
  const reports: PartitionReport[] = [];
  const report = (each: PartitionReport) => void reports.push(each);
  const running: PartitionFollower[] = [];
  onTestFinished(async () => {
    await Promise.all(running.map((follower) => follower.close()));
    views.close();
  });
  const sink: OpenSink = (claim) =>
    openViewSink({
      claim,
      rows: views.open(claim),
      checkpoints,
      parking,
      log,
      report,
      onUnknown: () => undefined,
      ...(takeMs !== undefined && { takeMs }),
    });
  const writer = topic.writer();
  const links = relay();
  const world: World = {
    log,
    topic,
    checkpoints,
    parking,
    views,
    reports,
    join(group, owner = 'a') {
      const follower = createPartitionFollower({
        group,
        partitions: PARTITIONS,
        topic: topic.group(group),
        checkpoints,
        log,
        open: open ? open(world, sink) : sink,
        owner,
        report,
        clock: Date.now,
        limits: { ...LIMITS, ...limits },
      });
      running.push(follower);
      const ended = follower.run();
      ended.catch(() => undefined); // a test that cares awaits it
      return { follower, ended };
    },
    async relayAll(all = log.events) {
      for (let at = 0; at < all.length; at += 50) await writer.write(all.slice(at, at + 50).map(links.event));
      await writer.write(links.watermark(all.at(-1)?.position ?? 0));
    },
    async reached(groups, position = log.events.at(-1)?.position ?? 0) {
      await until(async () => {
        await writer.write(watermarks(position));
        return (await checkpoints.list(groups)).every((row) => row.position >= position);
      });
    },
  };
  return world;
}

/** The rows that the embedded runner makes of the same log. */
export async function embeddedDump(events: readonly RecordedEvent[]): Promise<Record<string, string[]>> {
  const { dumpViews } = await import('../dump.ts');
  const folder = testFolder();
  const running = await startRunner({ log: arrayLog([...events]), folder });
  await running.caughtUp();
  await running.close();
  const { checkpoints: _, ...rows } = await dumpViews(join(folder, 'views.db'));
  return rows;
}
