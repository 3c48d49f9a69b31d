import type { Generation, Generations } from '../../../projections/generations/ports.ts';
import { type FillLimits, UNBOUNDED } from '../../../projections/partitions/pace.ts';
import { groupName } from '../../../projections/partitions/ports.ts';
import type { PartitionSource } from '../../metrics/partitions.ts';

/** What is new, or to be dropped, is noticed within this time. */
const LOOK_EVERY_MS = 500;

/** What fills one generation in this process. */
export interface GenerationFollower {
  readonly source: PartitionSource;
  pace(limits: FillLimits): void;
  close(): Promise<void>;
}

export interface FollowGenerationsOptions {
  readonly generations: Pick<Generations, 'list'>;
  follow(generation: Generation): Promise<GenerationFollower>;
  readonly onFault: (what: string, error: unknown) => void;
}

export interface FollowedGenerations {
  /** Those that are filled here now. */
  readonly sources: PartitionSource[];
  /** Resolves when the generations have been looked at once. */
  readonly looked: Promise<void>;
  close(): Promise<void>;
}

/** Fills every generation that is there, the live one, the one before it, and one that is being built. */
export function followGenerations({ generations, follow, onFault }: FollowGenerationsOptions): FollowedGenerations {
  const running = new Map<string, GenerationFollower>();
  const sources: PartitionSource[] = [];
  let closed = false;
  let wake: () => void = () => undefined;

  async function look(): Promise<void> {
    const wanted = new Map<string, Generation>();
    for (const each of await generations.list()) {
      if (each.ready && each.state !== 'dropping') wanted.set(groupName(each.group, each.generation), each);
    }
    for (const [name, follower] of running) if (!wanted.has(name)) await stop(name, follower);
    for (const [name, generation] of wanted) {
      const follower = running.get(name) ?? (await start(name, generation));
      follower.pace(generation.state === 'building' ? generation : UNBOUNDED);
    }
  }

  async function start(name: string, generation: Generation): Promise<GenerationFollower> {
    const follower = await follow(generation);
    running.set(name, follower);
    sources.push(follower.source);
    return follower;
  }

  async function stop(name: string, follower: GenerationFollower): Promise<void> {
    running.delete(name);
    sources.splice(sources.indexOf(follower.source), 1);
    await follower.close();
  }

  async function run(looked: () => void): Promise<void> {
    while (!closed) {
      try {
        await look();
        looked();
      } catch (error) {
        onFault('the generations of the views cannot be read', error);
      }
      if (!closed) await pause();
    }
    for (const [name, follower] of running) await stop(name, follower);
  }

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  let looked: () => void = () => undefined;
  const once = new Promise<void>((resolve) => {
    looked = resolve;
  });
  const ran = run(looked);
  return {
    sources,
    looked: once,
    close() {
      closed = true;
      wake();
      return ran;
    },
  };
}
