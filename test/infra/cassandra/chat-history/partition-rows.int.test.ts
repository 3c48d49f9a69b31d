import { StoreError } from '../../../../events/event-store.ts';
import { createHistoryRows } from '../../../../infra/cassandra/chat-history/rows.ts';
import { partitionRowsContract } from '../../../contracts/partition-rows.ts';
import { memoryCheckpoints } from '../../../support/memory/checkpoints.ts';
import { useKeyspace } from '../keyspace.ts';

const keyspace = useKeyspace();

partitionRowsContract(async () => {
  const { cassandra, dump } = keyspace.space();
  const checkpoints = memoryCheckpoints();
  return {
    group: 'chat-history',
    checkpoints,
    open: async () => createHistoryRows({ cassandra, checkpoints }),
    async openToCrash() {
      let crash = true;
      const move: typeof checkpoints.move = async (step) => {
        if (crash) {
          crash = false;
          throw new StoreError('unknown', 'the process ended');
        }
        await checkpoints.move(step);
      };
      return createHistoryRows({ cassandra, checkpoints: { move } });
    },
    dump,
    close: async () => undefined,
  };
});
