import { expect, it } from 'vitest';
import { accepted } from '../../events/error-codes.ts';
import type { RebuiltViews, ViewProgress } from '../../queries/progress.ts';
import { unlessRebuilding } from '../../queries/rebuilding.ts';

const BEHIND = { ok: false, rejection: { code: 'behind', retryAfterS: 1 } };

function world() {
  const under = new Set<RebuiltViews>();
  const progress = { rebuilding: async (views: RebuiltViews) => under.has(views) } as unknown as ViewProgress;
  let reads = 0;
  const read = async (during: () => void = () => undefined) =>
    unlessRebuilding({ progress }, ['user-chats'], async () => {
      reads += 1;
      during();
      return accepted('all of it');
    });
  return { under, read, reads: () => reads };
}

it('does not read views that are being rebuilt, and reads them again afterwards', async () => {
  const { under, read, reads } = world();
  under.add('user-chats');
  expect(await read()).toMatchObject(BEHIND);
  expect(reads()).toBe(0);
  under.clear();
  under.add('chat-history');
  expect(await read()).toEqual(accepted('all of it'));
});

it('does not pass on what was read while a rebuild began', async () => {
  const { under, read } = world();
  expect(await read(() => under.add('user-chats'))).toMatchObject(BEHIND);
});

it('asks nothing where views are never rebuilt in place', async () => {
  const progress = { position: () => 0 } as ViewProgress;
  expect(await unlessRebuilding({ progress }, ['user-chats'], async () => accepted(1))).toEqual(accepted(1));
});
