import type { ChatId } from '../../../events/ids.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { BASE_SPAN, HEADS, headRow, readWrittenHead } from '../../../infra/cassandra/chat-history/heads.ts';
import { pendingRows } from '../../../infra/cassandra/pending-rows.ts';
import { allPartitions, emptied, rowOf, type ViewTable } from '../../../infra/cassandra/stored-rows.ts';
import { moveOrFail } from '../../../infra/postgres/checkpoints.ts';
import type { Bound } from '../../../infra/postgres/pool.ts';
import { FailedWith, type JobWork } from '../../../projections/generations/driver.ts';
import type { Comparison, Generations, LiveGenerations } from '../../../projections/generations/ports.ts';
import { FIRST_GENERATION, groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';
import { createTotal } from '../verify/graded.ts';
import { gradeHistory } from '../verify/history.ts';
import { apartFrom, type Outside, readOutside } from '../verify/outside.ts';
import { refoldHistory } from '../verify/refold-history.ts';
import { refoldChat } from '../verify/refold-views.ts';
import { committedOf, type VerifyDeps } from '../verify/verify.ts';
import { forgetChat, gradeChats } from '../verify/views.ts';
import { type AsOwner, asOwner, type Owned } from './as-owner.ts';

/** Clocks of others may be ahead by less than this: what they have written has lost all the same. */
const CLOCKS_APART_US = 60_000_000;
const CHAT_VIEWS = ['user-chats', 'members'];

export interface RepairDeps extends VerifyDeps {
  readonly generations: Generations;
  /** Names this process. */
  readonly owner: string;
  readonly onFault: AsOwner['onFault'];
}

/**
 * Builds all rows of one chat anew, where they are, in what is read and in what a rollback would go back to, as the owner of its partition: whoever had it is overtaken, and takes
 * it back when it is done. Reads of the chat's history are `behind` meanwhile.
 */
export const repairWork =
  (deps: RepairDeps): JobWork =>
  async (driven) => {
    const chatId = driven.job.name;
    const all = await deps.generations.list();
    const live = liveOf(all);
    const outside = await readOutside(deps);
    const fed = all.filter(({ state }) => state === 'live' || state === 'previous');
    for (const [n, { group, generation }] of fed.entries()) {
      const repair = group === 'user-chats' ? repairViews : repairHistory;
      const partition = partitionOf(chatId, deps.partitions);
      await asOwner({ ...deps, group: groupName(group, generation), partition }, (owned) =>
        repair(deps, { chatId, generation, outside }, owned),
      );
      driven.tell({ progress: (n + 1) / (fed.length + 1) });
    }
    const result = await graded(deps, { chatId, live, outside });
    if (result.differencesFound > 0)
      throw new FailedWith(
        'rows came back: somebody writes them, or did with a timestamp that lies in the future',
        result,
      );
    return { state: 'done', result };
  };

const liveOf = (all: Awaited<ReturnType<Generations['list']>>): LiveGenerations => {
  const of = (group: ViewGroup): number =>
    all.find((each) => each.group === group && each.state === 'live')?.generation ?? FIRST_GENERATION;
  return { 'chat-history': of('chat-history'), 'user-chats': of('user-chats') };
};

interface Chat {
  readonly chatId: ChatId;
  readonly generation: number;
  readonly outside: Outside;
}

/** In one transaction with the fence: nobody sees less than the chat. */
async function repairViews(
  { log, stores }: RepairDeps,
  { chatId, generation, outside }: Chat,
  { claim, confirm }: Owned,
): Promise<void> {
  const postgres = stores.postgres(generation);
  const until = outside.held({ group: 'user-chats', generation }, chatId, claim.position);
  const rows = await refoldChat(log, { chatId, until, leftOut: outside.leftOut });
  confirm();
  const { position } = claim;
  const statements: Bound[] = [moveOrFail({ claim, from: position, to: position }), ...forgetChat(chatId), ...rows];
  await postgres.atomically(statements);
}

/**
 * With timestamps that lie beyond all that was ever written: whatever was there, and whatever is written late by somebody
 * who does not know yet, has lost. The head goes first and comes last.
 */
async function repairHistory(
  { log, stores }: RepairDeps,
  { chatId, generation, outside }: Chat,
  { claim, confirm }: Owned,
): Promise<void> {
  const cassandra = stores.cassandra(generation);
  const before = (await readWrittenHead(cassandra, chatId))?.base ?? 0;
  const base = Math.max(Date.now() * 1_000 + CLOCKS_APART_US, before + BASE_SPAN);
  const nothingYet = headRow(chatId, { seq: 0, at: 0, base });
  await cassandra.write([nothingYet]);
  for await (const partition of allPartitions(cassandra)) {
    if (partition.values[0] !== chatId || partition.table.name === HEADS) continue;
    confirm();
    await cassandra.write([emptied(partition, base)]);
  }
  let head = nothingYet;
  await refoldHistory({
    log,
    chatId,
    base,
    leftOut: outside.leftOut,
    until: outside.held({ group: 'chat-history', generation }, chatId, claim.position),
    async take(statements, { held }) {
      confirm();
      if (!held) return; // those come by the backplane
      const rows = pendingRows();
      for (const statement of statements) {
        const { table, key } = rowOf(statement);
        if (table.name === HEADS) head = statement;
        else rows.add(chatId, `${table.name} ${placeIn(table, key)}`, statement);
      }
      await rows.write(cassandra);
    },
  });
  confirm();
  await cassandra.write([head]);
}

const placeIn = ({ partition }: ViewTable, key: string): string =>
  JSON.stringify((JSON.parse(key) as unknown[]).slice(0, partition.length));

async function graded(
  deps: RepairDeps,
  { chatId, live, outside }: { chatId: ChatId; live: LiveGenerations; outside: Outside },
): Promise<Comparison> {
  const total = createTotal();
  const cassandra: Cassandra = deps.stores.cassandra(live['chat-history']);
  const place = { group: 'chat-history', generation: live['chat-history'] } as const;
  const committed = async () => outside.held(place, chatId, await committedOf(deps, place, chatId));
  const places = [];
  for await (const partition of allPartitions(cassandra)) if (partition.values[0] === chatId) places.push(partition);
  total.add(await gradeHistory({ ...outside, log: deps.log, cassandra, chatId, partitions: places, committed }));
  const postgres = deps.stores.postgres(live['user-chats']);
  const { log, partitions } = deps;
  const of = { log, postgres, generation: live['user-chats'], partitions, views: CHAT_VIEWS, outside };
  total.add(await gradeChats(of, [chatId]));
  const { skipped, parked } = apartFrom(outside, { generations: live, views: ['chat-history', ...CHAT_VIEWS] });
  return {
    ...total.compared(),
    sample: 1,
    skipped: skipped.filter(({ stream }) => partitionKeyOf(stream) === chatId),
    parked: parked.filter(({ key }) => key === chatId),
  };
}
