import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readAll } from '../../../infra/cassandra/cassandra.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { connectOptions } from './keyspace.ts';

describe('connecting to Cassandra', () => {
  it('makes the keyspace where it is missing, with as many replicas as asked for', async () => {
    const keyspace = `test_${randomBytes(6).toString('hex')}`;
    const cassandra = await connectCassandra({ ...connectOptions(keyspace), replication: 1 });
    try {
      const rows = await readAll(cassandra, 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [
        keyspace,
      ]);
      expect(rows).toMatchObject([{ replication: { datacenter1: '1' } }]);
      const again = await connectCassandra(connectOptions(keyspace));
      await again.close();
    } finally {
      await cassandra.define(`DROP KEYSPACE ${keyspace}`);
      await cassandra.close();
    }
    await expect(cassandra.read('SELECT * FROM chat_heads', [])).rejects.toMatchObject({ code: 'closed' });
  });

  it('is made by any number of processes at once', async () => {
    const keyspace = `test_${randomBytes(6).toString('hex')}`;
    const all = await Promise.all(Array.from({ length: 6 }, () => connectCassandra(connectOptions(keyspace))));
    await all[0]?.define(`DROP KEYSPACE ${keyspace}`);
    await Promise.all(all.map((cassandra) => cassandra.close()));
    expect(all).toHaveLength(6);
  });

  it('fails temporarily where nobody listens', async () => {
    const options = connectOptions('nobody', 1);
    await expect(connectCassandra(options)).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  });

  it('fails for good where the nodes are of another data centre', async () => {
    const options = { ...connectOptions('nobody'), localDataCenter: 'nowhere' };
    await expect(connectCassandra(options)).rejects.toMatchObject({ code: 'unavailable', temporary: false });
  });

  it('takes no name that would have to be quoted', async () => {
    await expect(connectCassandra(connectOptions('no-name; DROP KEYSPACE x'))).rejects.toThrow('no name of a keyspace');
  });
});
