import { join } from 'node:path';
import { openDatabase } from '../../../infra/sqlite/database.ts';
import { sqliteParking } from '../../../infra/sqlite/views/parking.ts';
import { createSchema } from '../../../infra/sqlite/views/schema.ts';
import { awaited, parkingContract } from '../../contracts/parking.ts';
import { testFolder } from '../../support/folder.ts';

parkingContract('the views of a data folder', async () => {
  const file = join(testFolder(), 'views.db');
  const one = await openDatabase({ file, synchronous: 'off' });
  createSchema(one, 'e1');
  const other = await openDatabase({ file, synchronous: 'off' });
  return {
    one: awaited(sqliteParking(one)),
    other: awaited(sqliteParking(other)),
    async close() {
      one.close();
      other.close();
    },
  };
});
