import { describe } from 'vitest';
import { groupContract } from './backplane/groups.ts';
import { sharingContract } from './backplane/sharing.ts';
import { tailContract } from './backplane/tails.ts';
import { type MakeTopic, topicPerTest } from './backplane/under-test.ts';
import { writerContract } from './backplane/writers.ts';

/** What `events/backplane.ts` promises, for every adapter. `makeTopic` gives an empty topic of `PARTITIONS` partitions. */
export function backplaneContract(name: string, makeTopic: MakeTopic): void {
  describe(`backplane: ${name}`, () => {
    const topic = topicPerTest(makeTopic);
    describe('writer', () => writerContract(topic));
    describe('group', () => groupContract(topic));
    describe('group of several', () => sharingContract(topic));
    describe('tail', () => tailContract(topic));
  });
}
